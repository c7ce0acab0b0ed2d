/* What the files of known values share: the tables that are searched, and the keyed hashes that they are made of. */
#ifndef EGRESS_PROXY_KNOWN_H
#define EGRESS_PROXY_KNOWN_H

#include "kernel.h"

#include <string.h>

#define WHOLE 0x80000000u   /* of a number: a segment's; else a value's, shifted, and two bits for RUNS */
#define MAX_BANKS 8
#define EDGE 0x80           /* between texts, in no window */
#define PITCH 64            /* places */
#define VALUE_SHIFT 3       /* of a part's number: to its value */

/* The same function for several generations of processors, where the C library can choose one when it is loaded: the
 * loops marked so are several times as quick with wide registers, and give the same. */
#if !defined(CLONES) && defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__has_attribute)
#if __has_attribute(target_clones) && !defined(__clang__) && __GNUC__ >= 12
#define CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#endif
#endif
#ifndef CLONES
#define CLONES
#endif

#define INLINE static inline __attribute__((always_inline))

struct bank {
    uint32_t width;
    uint32_t gate;          /* class of all codes of its windows; 0: any */
    uint32_t word_shift;    /* of a tag: to its word of the filter */
    uint32_t bucket_shift;  /* of a tag: to its bucket of the entries */
    uint32_t sparse;        /* whether hardly any bit of the filter is set */
    const uint64_t *filter;
    const uint32_t *buckets;
    const uint32_t *tags;
    const uint64_t *digests;
    const uint32_t *numbers;
};

struct store {
    uint64_t mixers[3];
    uint64_t state[8];      /* of BLAKE2b, the key taken in */
    const uint32_t *befores; /* of segments: codes before the window */
    const uint32_t *lengths;
    const uint8_t *canonical; /* tables: codes by code point, */
    const uint8_t *folding; /* the same for the folded view, */
    const uint8_t *classes; /* classes by code */
    uint32_t banks;         /* of the squeezed view */
    uint32_t folded;        /* 1 if there is one more, of the folded view */
    uint32_t max_hits;
    uint32_t max_verified;
    struct bank bank[MAX_BANKS];
};

/* Texts that are joined with one code point between them, and their codes. Where a code stood in the texts is not kept:
 * only how many codes there are before each PITCH-th place. Few are ever asked for. */
struct view {
    const void *joined;         /* the texts, */
    int width;                  /* bytes a code point: 1, 2, 4 */
    const int64_t *starts;      /* of texts, and one more */
    size_t texts;
    uint8_t *codes;             /* room for one a place */
    uint32_t *before;           /* room for one each PITCH places, and one more */
    size_t count;               /* of codes */
    const uint8_t *table;       /* by which they were made; none: a code a place */
    size_t text;                /* that of the last code asked for */
};

/* Make the codes: of what `table` does not drop, or of everything. An edge follows each text. */
void known_squeeze(struct view *view, const uint8_t *table);
void known_fold(struct view *view, const uint8_t *table);
/* The place of a code, whose text becomes `view->text`. */
size_t known_place_of(struct view *view, size_t code);
/* The least distance between two places that have a code, from the place `first` up to `last`. */
uint32_t known_gap_of(const struct view *view, size_t first, size_t last);

/* The digest of codes, of which there is at least one. `keyed` is the state after the key. */
uint64_t known_digest_of(const uint64_t *keyed, const uint8_t *codes, size_t length);

/* The code point at a place of joined texts. */
INLINE uint32_t point_at(const void *joined, int width, size_t place)
{
    if (width == 1)
        return ((const uint8_t *)joined)[place];
    return width == 2 ? ((const uint16_t *)joined)[place] : ((const uint32_t *)joined)[place];
}

INLINE uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The tag of a window. */
INLINE uint32_t tag_of(const uint8_t *at, uint32_t width, const uint64_t *mixers)
{
    uint64_t mixed = mixers[0];
    if (width < 8) {
        uint8_t window[8] = {0};
        memcpy(window, at, width);
        mixed = (mixed ^ load64(window)) * mixers[1];
        mixed ^= mixed >> 32;
    } else {
        for (uint32_t lane = 0; lane < width; lane += 8) {
            mixed = (mixed ^ load64(at + (lane + 8 <= width ? lane : width - 8))) * mixers[1];
            mixed ^= mixed >> 32;
        }
    }
    return (uint32_t)(mixed * mixers[2] >> 32);
}

/* Two bits of a word of a filter. */
INLINE uint64_t bits_of(uint32_t tag)
{
    return 1ull << (tag & 63) | 1ull << (tag >> 6 & 63);
}

INLINE uint64_t has_bits(uint64_t word, uint32_t tag)
{
    return word >> (tag & 63) & word >> (tag >> 6 & 63) & 1;
}

#endif
