#include "options.h"
#include "fail.h"
#include "linnet_contract.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MEMORY_BYTES (1024u * 1024u)
#define MAX_MEMORY_BYTES (1024u * 1024u * 1024u)
#define MAX_FLASH_KB (1024u * 1024u)
#define DEFAULT_SECTOR_BYTES 4096u
#define MAX_SECTOR_BYTES (1024u * 1024u)
#define DEFAULT_WRITE_BYTES 8u
#define MAX_WRITE_BYTES 64u
#define DEFAULT_WATCHDOG_MS 10000u
#define MAX_WATCHDOG_MS (3600u * 1000u)

static const char usage[] =
    "usage: linnet-node [options]\n"
    "\n"
    "A Linnet node: the firmware core on this machine. Its link is stdin and stdout, its log "
    "stderr.\n"
    "\n"
    "  --name NODE        name of the node; without it the host gives one\n"
    "  --data FILE        FDS1 file with its samples; without it they are pulled over the link\n"
    "  --key FILE         key of the node, 64 hex digits; without it the node follows anybody\n"
    "  --flash FILE       emulated flash, made if absent; without it nothing is kept\n"
    "  --flash-kb N       size of a new flash (default 1024)\n"
    "  --flash-sector N   bytes of its erase unit, a power of two (default 4096)\n"
    "  --flash-write N    bytes of its program unit, a power of two up to 64 (default 8)\n"
    "  --cut-at N         lose power during the Nth flash operation from now, counted from 0,\n"
    "                     which stays half done; the process ends with exit code 3\n"
    "  --cut-seed N       which half (default 0)\n"
    "  --listen ADDRESS   unix:///path or tcp://127.0.0.1:port instead of stdin and stdout\n"
    "  --memory BYTES     linear memory a kernel may use (default 1048576)\n"
    "  --battery N        charge of its battery, percent, for plans that ask for it\n"
    "  --charging N       1: it is supplied from outside, 0: it is not\n"
    "  --link-quality N   percent\n"
    "  --ram N            memory for kernel and model, KiB\n"
    "                     (each unknown by default, which counts as good)\n"
    "  --watchdog MS      reset the node when a call takes this much processor time\n"
    "                     (default 10000, 0 = never)\n"
    "  --version          print the versions and exit\n"
    "  --help             print this and exit\n"
    "\n"
    "exit codes: 0 ok (also at the end of stdin and after SIGTERM), 1 failed, 2 usage or data,\n"
    "3 power cut by --cut-at, 4 link, 130 interrupted\n";

static void print_version(void) {
    printf("linnet-node: protocol %u, kernel ABI %u, numerics %u, descriptor format %u\n",
           LINNET_PROTOCOL_VERSION, LINNET_KERNEL_ABI_VERSION, LINNET_NUMERICS_VERSION,
           LINNET_DESCRIPTOR_FORMAT_VERSION);
}

static uint32_t parse_number(const char *name, const char *text, uint32_t least, uint32_t most) {
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < least || value > most) {
        fail(EXIT_USAGE_ERROR, "see --help", "%s %s is not a number in %u to %u", name, text, least,
             most);
    }
    return (uint32_t)value;
}

static void check_name(const char *name) {
    size_t length = strlen(name);
    size_t good = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    if (length > LINNET_NAME_MAX_BYTES || good != length) {
        fail(EXIT_USAGE_ERROR, "use up to 32 of the characters A-Z a-z 0-9 _ . -",
             "--name %s is not a name", name);
    }
}

static uint32_t parse_power_of_two(const char *name, const char *text, uint32_t least,
                                   uint32_t most) {
    uint32_t value = parse_number(name, text, least, most);
    if ((value & (value - 1)) != 0) {
        fail(EXIT_USAGE_ERROR, "see --help", "%s %s is not a power of two", name, text);
    }
    return value;
}

static void check_flash(const struct flash_options *flash) {
    if (flash->bytes % flash->sector_bytes != 0) {
        fail(EXIT_USAGE_ERROR, "use a multiple of the sector",
             "--flash-kb %u is not whole sectors of %u bytes", flash->bytes / 1024,
             flash->sector_bytes);
    }
}

static bool take_flash_option(struct flash_options *flash, int option, const char *value) {
    switch (option) {
    case 'f':
        flash->path = value;
        return true;
    case 'k':
        flash->bytes = 1024 * parse_number("--flash-kb", value, 1, MAX_FLASH_KB);
        return true;
    case 's':
        flash->sector_bytes = parse_power_of_two("--flash-sector", value, 128, MAX_SECTOR_BYTES);
        return true;
    case 'p':
        flash->write_bytes = parse_power_of_two("--flash-write", value, 1, MAX_WRITE_BYTES);
        return true;
    case 'c':
        flash->cut_at = parse_number("--cut-at", value, 0, NOR_FLASH_NEVER - 1);
        return true;
    case 'x':
        flash->cut_seed = parse_number("--cut-seed", value, 0, UINT32_MAX);
        return true;
    default:
        return false;
    }
}

/* CONDITION_*: those of struct options, from BATTERY on. */
static bool take_condition(int32_t *conditions, int option, const char *value) {
    switch (option) {
    case 'b':
        conditions[LINNET_CONDITION_BATTERY - 1] =
            (int32_t)parse_number("--battery", value, 0, 100);
        return true;
    case 'g':
        conditions[LINNET_CONDITION_CHARGING - 1] =
            (int32_t)parse_number("--charging", value, 0, 1);
        return true;
    case 'q':
        conditions[LINNET_CONDITION_LINK - 1] =
            (int32_t)parse_number("--link-quality", value, 0, 100);
        return true;
    case 'r':
        conditions[LINNET_CONDITION_RAM - 1] = (int32_t)parse_number("--ram", value, 0, INT32_MAX);
        return true;
    default:
        return false;
    }
}

static void take_option(struct options *options, int option, const char *value) {
    if (take_flash_option(&options->flash, option, value) ||
        take_condition(options->conditions, option, value)) {
        return;
    }
    switch (option) {
    case 'n':
        check_name(value);
        options->name = value;
        break;
    case 'd':
        options->data = value;
        break;
    case 'y':
        options->key = value;
        break;
    case 'l':
        options->listen = value;
        break;
    case 'm':
        options->memory_bytes = parse_number("--memory", value, 1, MAX_MEMORY_BYTES);
        break;
    case 'w':
        options->watchdog_ms = parse_number("--watchdog", value, 0, MAX_WATCHDOG_MS);
        break;
    case 'v':
        print_version();
        exit(EXIT_OK);
    case 'h':
        fputs(usage, stdout);
        exit(EXIT_OK);
    default:
        exit(EXIT_USAGE_ERROR); /* getopt has said why */
    }
}

struct options parse_options(int count, char **arguments) {
    static const struct option known[] = {
        {"name", required_argument, NULL, 'n'},
        {"data", required_argument, NULL, 'd'},
        {"key", required_argument, NULL, 'y'},
        {"flash", required_argument, NULL, 'f'},
        {"flash-kb", required_argument, NULL, 'k'},
        {"listen", required_argument, NULL, 'l'},
        {"memory", required_argument, NULL, 'm'},
        {"watchdog", required_argument, NULL, 'w'},
        {"battery", required_argument, NULL, 'b'},
        {"charging", required_argument, NULL, 'g'},
        {"link-quality", required_argument, NULL, 'q'},
        {"ram", required_argument, NULL, 'r'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"flash-sector", required_argument, NULL, 's'},
        {"flash-write", required_argument, NULL, 'p'},
        {"cut-at", required_argument, NULL, 'c'},
        {"cut-seed", required_argument, NULL, 'x'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .name = "",
        .memory_bytes = DEFAULT_MEMORY_BYTES,
        .watchdog_ms = DEFAULT_WATCHDOG_MS,
        .conditions = {-1, -1, -1, -1},
        .flash = {.sector_bytes = DEFAULT_SECTOR_BYTES,
                  .write_bytes = DEFAULT_WRITE_BYTES,
                  .cut_at = NOR_FLASH_NEVER},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        take_option(&options, option, optarg);
    }
    if (optind < count) {
        fail(EXIT_USAGE_ERROR, "see --help", "%s is not an option", arguments[optind]);
    }
    check_flash(&options.flash);
    return options;
}
