/*
 * What the cut runner trains: kernels, a small net, its versions, and samples. A version has the
 * initial words of its number as seed. Version 0 is announced with the first kernel, every later
 * one with the second; or with one that fails its trial, and the first; or with the first, and the
 * difference from the version before; or all with the first, and the seed.
 */
#ifndef LINNET_CUT_SCENE_H
#define LINNET_CUT_SCENE_H

#include <stdbool.h>
#include "bytes.h"

#define SCENE_INPUTS 16u
#define SCENE_HIDDEN 8u
#define SCENE_CLASSES 3u
#define SCENE_PARAMETERS ((SCENE_INPUTS + 1u) * SCENE_HIDDEN + (SCENE_HIDDEN + 1u) * SCENE_CLASSES)
#define SCENE_SNAPSHOT_BYTES (LINNET_SNAPSHOT_HEADER_BYTES + 2u * SCENE_PARAMETERS)
#define SCENE_DESCRIPTOR_BYTES 76u
#define SCENE_TRAIN_SAMPLES 10u
#define SCENE_TEST_SAMPLES 4u
/* The first, the next, and one that fails. */
#define SCENE_KERNELS 3u
#define SCENE_BAD_KERNEL 2u
/* Versions whose snapshots are at hand: the present and the one before. */
#define SCENE_VERSIONS 2u

struct scene_object {
    struct linnet_span bytes;
    uint8_t hash[LINNET_HASH_BYTES];
};

struct scene {
    struct scene_object kernels[SCENE_KERNELS];
    uint32_t intrinsic_sets[SCENE_KERNELS]; /* what they import, 0 = nothing */
    bool offers_bad_kernel;                 /* later versions are announced with it */
    bool offers_difference;                 /* likewise */
    bool offers_seed;                       /* every version is announced with its seed */
    bool is_sparse;                         /* uploads leave a residual */
    struct scene_object descriptor;
    struct scene_object difference; /* of the version that was made last */
    struct scene_object snapshots[SCENE_VERSIONS];
    uint8_t descriptor_bytes[SCENE_DESCRIPTOR_BYTES];
    uint8_t snapshot_bytes[SCENE_VERSIONS][SCENE_SNAPSHOT_BYTES];
    uint8_t difference_bytes[SCENE_SNAPSHOT_BYTES];
};

/* Makes all but the kernels, which the caller fills in; versions 0 and 1 are at hand. */
void scene_make(struct scene *scene);
/* Puts a version in the place of the one two before it, with its difference from the one before. */
void scene_make_version(struct scene *scene, uint32_t version);

/* The kernel that ends up installed. */
const struct scene_object *scene_kernel(const struct scene *scene, uint32_t version);
const struct scene_object *scene_snapshot(const struct scene *scene, uint32_t version);
/* The object of this hash, or NULL. */
const struct scene_object *scene_find(const struct scene *scene, const uint8_t *hash);

/* The announcement of a version; returns its length. */
uint32_t scene_announce(const struct scene *scene, uint32_t version, uint8_t *out,
                        uint32_t capacity);

/* Key of the node, which only follows what has its tag. */
extern const uint8_t scene_key[LINNET_KEY_BYTES];
/* Of that key, for the federation of the announcements and the name the host gives. */
void scene_tag(uint32_t kind, struct linnet_span prefix, struct linnet_span bytes,
               uint8_t mac[LINNET_MAC_BYTES]);

/* A sample; other salts give other samples. */
void scene_sample(uint32_t salt, uint32_t split, uint32_t index, int8_t *x, uint8_t *label);

#endif
