#include "intrinsics.h"

const struct linnet_intrinsic linnet_intrinsics[LINNET_INTRINSIC_COUNT] = {
#define ENTRY(name, arguments) {#name, arguments, linnet_intrinsic_##name},
    LINNET_INTRINSICS(ENTRY)
#undef ENTRY
};
