/* Known values: from texts to the places where windows of registered forms stand. `scan/fallback.py` is the same in
 * Python, and a test compares both.
 *
 * A text is squeezed to one byte a letter or digit (`scan/canonical.py`). Every window of a bank's width is mixed to a
 * tag of 32 bits; two bits of a word of the bank's filter let few of them through to the sorted tags, and what has the
 * tag of an entry is confirmed by a keyed BLAKE2b of all its codes. The tag is made from the whole window, not rolled
 * from its neighbour's: differences of rolled hashes would give the characters away to whoever holds the key.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define EDGE 0x80       /* between texts, in no window */
#define WHOLE 0x80000000u   /* of a number: a segment's; else a value's, shifted, and two bits for RUNS */
#define UNDECIDED 0xffffffffu
#define MAX_BANKS 8
#define SLACK 64        /* bytes behind the codes that may be read */
#define BLOCK 256       /* positions */
#define RECENT 8        /* findings that a new one may be the continuation of */
#define NARROW 12       /* codes; so many digits are no 60 bits */

static const uint32_t RUNS[4] = {0, 24, 32, 16}; /* codes digested from the window on; 0: the window */

struct bank {
    uint32_t width;
    uint32_t gate;          /* class of all codes of its windows; 0: any */
    uint32_t word_shift;    /* of a tag: to its word of the filter */
    uint32_t bucket_shift;  /* of a tag: to its bucket of the entries */
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
    uint32_t banks;         /* of the squeezed view */
    uint32_t folded;        /* 1 if there is one more, of the folded view */
    uint32_t max_hits;
    uint32_t max_verified;
    struct bank bank[MAX_BANKS];
};

struct record {
    uint64_t start;         /* places in the joined texts, half-open; of UNDECIDED: the text */
    uint64_t end;
    uint32_t number;
    uint32_t gap;           /* of a whole: the least distance between two of its places */
};

/* ---- BLAKE2b (RFC 7693), keyed, of 8 bytes ---- */

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

static const uint8_t SIGMA[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t rotated(uint64_t word, int by)
{
    return word >> by | word << (64 - by);
}

#define G(a, b, c, d, x, y)                                                                                            \
    do {                                                                                                               \
        v[a] += v[b] + (x), v[d] = rotated(v[d] ^ v[a], 32), v[c] += v[d], v[b] = rotated(v[b] ^ v[c], 24);            \
        v[a] += v[b] + (y), v[d] = rotated(v[d] ^ v[a], 16), v[c] += v[d], v[b] = rotated(v[b] ^ v[c], 63);            \
    } while (0)

static void compress(uint64_t *state, const uint8_t *block, uint64_t counted, int last)
{
    uint64_t v[16], m[16];
    for (int at = 0; at < 8; at++)
        v[at] = state[at], v[at + 8] = IV[at];
    v[12] ^= counted;
    if (last)
        v[14] = ~v[14];
    for (int at = 0; at < 16; at++)
        m[at] = load64(block + 8 * at);
#ifndef __clang__ /* which unrolls it of itself, and warns of this */
#pragma GCC unroll 12
#endif
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = SIGMA[round];
        G(0, 4, 8, 12, m[s[0]], m[s[1]]);
        G(1, 5, 9, 13, m[s[2]], m[s[3]]);
        G(2, 6, 10, 14, m[s[4]], m[s[5]]);
        G(3, 7, 11, 15, m[s[6]], m[s[7]]);
        G(0, 5, 10, 15, m[s[8]], m[s[9]]);
        G(1, 6, 11, 12, m[s[10]], m[s[11]]);
        G(2, 7, 8, 13, m[s[12]], m[s[13]]);
        G(3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int at = 0; at < 8; at++)
        state[at] ^= v[at] ^ v[at + 8];
}

/* The state after the key. `key` has 32 bytes, `person` 16. */
EXPORT void known_keyed(const uint8_t *key, const uint8_t *person, uint64_t *state)
{
    uint8_t block[128] = {0};
    memcpy(block, key, 32);
    memcpy(state, IV, sizeof IV);
    state[0] ^= 0x01010000u | 32u << 8 | 8u;
    state[6] ^= load64(person);
    state[7] ^= load64(person + 8);
    compress(state, block, 128, 0);
}

/* The digest of codes, of which there is at least one. */
static uint64_t digest_of(const uint64_t *keyed, const uint8_t *codes, size_t length)
{
    uint64_t state[8], counted = 128;
    uint8_t block[128] = {0};
    memcpy(state, keyed, sizeof state);
    for (; length > 128; codes += 128, length -= 128)
        compress(state, codes, counted += 128, 0);
    memcpy(block, codes, length);
    compress(state, block, counted + length, 1);
    return state[0];
}

/* ---- tags ---- */

static inline __attribute__((always_inline)) uint32_t tag_of(const uint8_t *at, uint32_t width, const uint64_t *mixers)
{
    uint64_t mixed = mixers[0];
    if (width < 8) {
        uint64_t lane = 0;
        for (uint32_t index = 0; index < width; index++)
            lane |= (uint64_t)at[index] << (8 * index);
        mixed = (mixed ^ lane) * mixers[1];
        mixed ^= mixed >> 32;
    } else {
        for (uint32_t lane = 0; lane < width; lane += 8) {
            mixed = (mixed ^ load64(at + (lane + 8 <= width ? lane : width - 8))) * mixers[1];
            mixed ^= mixed >> 32;
        }
    }
    return (uint32_t)(mixed * mixers[2] >> 32);
}

/* ---- building: many windows at once. `positions` are in `codes`, which the caller has checked. ---- */

EXPORT void known_tags(const uint64_t *mixers, uint32_t width, const uint8_t *codes, const int64_t *positions,
                       size_t count, uint32_t *tags)
{
    for (size_t at = 0; at < count; at++)
        tags[at] = tag_of(codes + positions[at], width, mixers);
}

EXPORT void known_digests(const uint64_t *keyed, const uint8_t *codes, const int64_t *positions,
                          const int64_t *lengths, size_t count, uint64_t *digests)
{
    for (size_t at = 0; at < count; at++)
        digests[at] = digest_of(keyed, codes + positions[at], (size_t)lengths[at]);
}

/* How many different codes each window has; 0 for a narrow one of digits alone: dates and numbers are such. */
EXPORT void known_variety(const uint8_t *codes, const int64_t *positions, uint32_t width, size_t count, uint8_t *out)
{
    for (size_t at = 0; at < count; at++) {
        const uint8_t *window = codes + positions[at];
        uint64_t seen[4] = {0};
        int letters = width > NARROW;
        for (uint32_t index = 0; index < width; index++) {
            seen[window[index] >> 6] |= 1ull << (window[index] & 63);
            letters |= window[index] > '9';
        }
        int different = 0;
        for (int part = 0; part < 4; part++)
            different += __builtin_popcountll(seen[part]);
        out[at] = (uint8_t)(letters ? different : 0);
    }
}

static inline uint64_t bits_of(uint32_t tag)
{
    return 1ull << (tag & 63) | 1ull << (tag >> 6 & 63);
}

/* Give memory back that a large build no longer needs. */
EXPORT void known_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

EXPORT void known_fill(uint64_t *filter, uint32_t word_shift, const uint32_t *tags, size_t count)
{
    for (size_t at = 0; at < count; at++)
        filter[tags[at] >> word_shift] |= bits_of(tags[at]);
}

/* ---- searching ---- */

struct search {
    const struct store *store;
    const uint8_t *codes;
    const uint32_t *places;     /* of codes; none: the same */
    size_t count;               /* of codes */
    const int64_t *starts;      /* of texts, and one more */
    size_t texts;
    size_t text;                /* that of the last position asked for */
    uint32_t *hits;             /* by text */
    uint64_t *verified;
    uint8_t *undecided;
    struct record *records;
    size_t found, capacity, recent; /* `recent`: the first that may still be continued */
    int last_chance;            /* what does not fit makes its text undecided */
    int overflow;
};

static inline uint64_t place_of(const struct search *s, size_t code)
{
    return s->places ? s->places[code] : code;
}

static void find_text(struct search *s, size_t code)
{
    int64_t place = (int64_t)place_of(s, code);
    size_t low = 0, high = s->texts;
    if (s->starts[s->text] <= place && place < s->starts[s->text + 1])
        return;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->starts[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    s->text = low;
}

static void keep(struct search *s, struct record record)
{
    if (s->found < s->capacity)
        s->records[s->found++] = record;
    else
        s->overflow = 1;
}

static void give_up(struct search *s)
{
    if (s->undecided[s->text])
        return;
    s->undecided[s->text] = 1;
    /* Room for these was left at the end. */
    s->capacity += s->last_chance;
    keep(s, (struct record){s->text, 0, UNDECIDED, 0});
}

/* A finding, in positions of codes. One of a part that continues a recent one makes that longer. */
static void emit(struct search *s, size_t start, size_t end, uint32_t number)
{
    uint64_t first = place_of(s, start), last = place_of(s, end - 1) + 1;
    uint32_t gap = UINT32_MAX;
    if (!(number & WHOLE)) {
        size_t from = s->found > s->recent + RECENT ? s->found - RECENT : s->recent;
        for (size_t at = s->found; at-- > from;) {
            struct record *old = &s->records[at];
            if (old->number == number && first <= old->end && old->start <= first) {
                if (old->end < last)
                    old->end = last;
                return;
            }
        }
    } else {
        for (size_t at = start + 1; at < end; at++) {
            uint64_t step = place_of(s, at) - place_of(s, at - 1);
            gap = step < gap ? (uint32_t)step : gap;
        }
    }
    if (++s->hits[s->text] > s->store->max_hits || (s->last_chance && s->found >= s->capacity))
        give_up(s);
    else
        keep(s, (struct record){first, last, number, gap});
}

static __attribute__((noinline)) void check(struct search *s, const struct bank *bank, size_t at, uint32_t tag)
{
    uint32_t entry = bank->buckets[tag >> bank->bucket_shift], end = bank->buckets[(tag >> bank->bucket_shift) + 1];
    while (entry < end && bank->tags[entry] < tag)
        entry++;
    if (entry >= end || bank->tags[entry] != tag)
        return;
    find_text(s, at);
    uint64_t window = 0;
    size_t digested = 0; /* codes that `window` is the digest of */
    for (; entry < end && bank->tags[entry] == tag && !s->undecided[s->text] && !s->overflow; entry++) {
        uint32_t number = bank->numbers[entry];
        size_t start = at, length = bank->width;
        if (number & WHOLE) {
            uint32_t segment = number & ~WHOLE;
            if (s->store->befores[segment] > at)
                continue;
            start = at - s->store->befores[segment];
            length = s->store->lengths[segment];
            if (length > s->count - start)
                continue;
            s->verified[s->text] += length;
            if (s->verified[s->text] > s->store->max_verified) {
                give_up(s);
                return;
            }
            if (digest_of(s->store->state, s->codes + start, length) != bank->digests[entry])
                continue;
        } else {
            uint32_t run = RUNS[number >> 1 & 3];
            length = run ? run : length;
            if (length > s->count - start)
                continue;
            if (digested != length)
                window = digest_of(s->store->state, s->codes + start, length);
            digested = length;
            if (window != bank->digests[entry])
                continue;
            number &= ~6u;
        }
        emit(s, start, start + length, number);
    }
}

/* Windows that the filter let through wait until there are some: their buckets are on the way from memory meanwhile. */
struct waiting {
    size_t count;
    size_t at[BLOCK];
    uint32_t tag[BLOCK];
};

static __attribute__((noinline)) void check_waiting(struct search *s, const struct bank *bank, struct waiting *waiting)
{
    for (size_t index = 0; index < waiting->count; index++)
        __builtin_prefetch(&bank->buckets[waiting->tag[index] >> bank->bucket_shift]);
    for (size_t index = 0; index < waiting->count; index++)
        __builtin_prefetch(&bank->tags[bank->buckets[waiting->tag[index] >> bank->bucket_shift]]);
    for (size_t index = 0; index < waiting->count; index++)
        check(s, bank, waiting->at[index], waiting->tag[index]);
    waiting->count = 0;
}

static inline __attribute__((always_inline)) void run_any(struct search *s, const struct bank *bank, uint32_t width)
{
    const uint64_t mixers[3] = {s->store->mixers[0], s->store->mixers[1], s->store->mixers[2]};
    const uint64_t *filter = bank->filter;
    const uint8_t *codes = s->codes;
    const uint32_t shift = bank->word_shift;
    struct waiting waiting = {.count = 0};
    if (s->count < width)
        return;
    for (size_t at = 0, last = s->count - width + 1; at < last;) {
        size_t end = last - at < BLOCK ? last : at + BLOCK, count = 0;
        for (; at < end; at++) {
            uint32_t tag = tag_of(codes + at, width, mixers);
            uint64_t word = filter[tag >> shift];
            waiting.at[count] = at;
            waiting.tag[count] = tag;
            count += word >> (tag & 63) & word >> (tag >> 6 & 63) & 1;
        }
        waiting.count = count;
        check_waiting(s, bank, &waiting);
    }
}

/* Only windows of codes of a class: most texts have hardly any, and most codes are never looked at. */
static inline __attribute__((always_inline)) void run_gated(struct search *s, const struct bank *bank, uint32_t width,
                                                            const uint8_t *classes)
{
    const uint64_t mixers[3] = {s->store->mixers[0], s->store->mixers[1], s->store->mixers[2]};
    const uint64_t *filter = bank->filter;
    const uint8_t *codes = s->codes;
    const uint32_t gate = bank->gate, shift = bank->word_shift;
    const size_t total = s->count;
    struct waiting waiting = {.count = 0};
    size_t at = 0, good = 0; /* codes before `good` are of the class, back to `at` */
    while (at + width <= total) {
        size_t look = at + width;
        while (look > good && classes[codes[look - 1]] & gate)
            look--;
        if (look > good) { /* codes[look - 1] is of another */
            at = look;
            good = at;
            continue;
        }
        for (good = at + width; at + width <= good; at++) {
            uint32_t tag = tag_of(codes + at, width, mixers);
            uint64_t word = filter[tag >> shift];
            waiting.at[waiting.count] = at;
            waiting.tag[waiting.count] = tag;
            waiting.count += word >> (tag & 63) & word >> (tag >> 6 & 63) & 1;
            if (waiting.count == BLOCK)
                check_waiting(s, bank, &waiting);
            good += good < total && classes[codes[good]] & gate ? 1 : 0;
        }
    }
    check_waiting(s, bank, &waiting);
}

static void run(struct search *s, const struct bank *bank, const uint8_t *classes)
{
    s->recent = s->found;
    s->text = 0;
    switch (bank->width | (bank->gate ? 0x100u : 0)) {
    case 6: run_any(s, bank, 6); break;
    case 8: run_any(s, bank, 8); break;
    case 12: run_any(s, bank, 12); break;
    case 0x110: run_gated(s, bank, 16, classes); break;
    case 0x140: run_gated(s, bank, 64, classes); break;
    default: s->overflow = 1; break; /* no such bank is made */
    }
}

static size_t squeeze(const uint8_t *narrow, const uint32_t *wide, const uint8_t *table, const int64_t *starts,
                      size_t texts, uint8_t *codes, uint32_t *places)
{
    size_t count = 0;
    for (size_t text = 0; text < texts; text++) {
        size_t at = (size_t)starts[text], end = (size_t)starts[text + 1] - 1;
        if (narrow)
            for (; at < end; at++) {
                uint8_t code = table[narrow[at]];
                codes[count] = code;
                places[count] = (uint32_t)at;
                count += code != 0;
            }
        else
            for (; at < end; at++) {
                uint8_t code = table[wide[at]];
                codes[count] = code;
                places[count] = (uint32_t)at;
                count += code != 0;
            }
        codes[count] = EDGE;
        places[count++] = (uint32_t)at;
    }
    return count;
}

static size_t fold(const uint8_t *narrow, const uint32_t *wide, const uint8_t *table, const int64_t *starts,
                   size_t texts, uint8_t *codes)
{
    size_t total = (size_t)starts[texts] - 1;
    for (size_t at = 0; at < total; at++)
        codes[at] = narrow ? table[narrow[at]] : table[wide[at]];
    for (size_t text = 1; text < texts; text++)
        codes[starts[text] - 1] = EDGE;
    codes[total] = EDGE;
    return total + 1;
}

/* Find in texts that are joined with one code point between them: bytes if `narrow`, else 32 bits each. `starts` has
 * one place a text and one more, as if another followed. `tables`: canonical and folded code by code point; `classes`
 * by code. Gives the number of records, -1 without memory, -2 where they did not fit and this was no last chance. */
EXPORT int64_t known_find(const struct store *store, const void *text, int narrow, const int64_t *starts, size_t texts,
                          const uint8_t *canonical, const uint8_t *folded, const uint8_t *classes,
                          struct record *records, size_t capacity, int last_chance)
{
    size_t total = (size_t)starts[texts];
    size_t room = total + SLACK;
    uint8_t *codes = malloc(room + room * sizeof(uint32_t) + texts * 13 + 64);
    if (!codes)
        return -1;
    uint32_t *places = (uint32_t *)(((uintptr_t)(codes + room) + 7) & ~(uintptr_t)7);
    uint64_t *verified = (uint64_t *)(((uintptr_t)(places + room) + 7) & ~(uintptr_t)7);
    uint32_t *hits = (uint32_t *)(verified + texts);
    uint8_t *undecided = (uint8_t *)(hits + texts);
    memset(verified, 0, texts * 13);
    const uint8_t *bytes = narrow ? text : NULL;
    const uint32_t *wide = narrow ? NULL : text;
    struct search search = {
        .store = store, .codes = codes, .places = places, .starts = starts, .texts = texts, .hits = hits,
        .verified = verified, .undecided = undecided, .records = records, .last_chance = last_chance,
        .capacity = last_chance ? capacity - texts : capacity,
    };
    if (store->banks) {
        search.count = squeeze(bytes, wide, canonical, starts, texts, codes, places);
        for (uint32_t bank = 0; bank < store->banks && !search.overflow; bank++)
            run(&search, &store->bank[bank], classes);
    }
    if (store->folded && !search.overflow) {
        search.count = fold(bytes, wide, folded, starts, texts, codes);
        search.places = NULL;
        run(&search, &store->bank[store->banks], classes);
    }
    free(codes);
    return search.overflow ? -2 : (int64_t)search.found;
}
