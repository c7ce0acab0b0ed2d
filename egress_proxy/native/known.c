/* Known values: from texts to the places where windows of registered forms stand. `scan/fallback.py` is the same in
 * Python, and a test compares both.
 *
 * A text is squeezed to one byte a letter or digit (`scan/canonical.py`). Every window of a bank's width is mixed to a
 * tag of 32 bits; two bits of a word of the bank's filter let few of them through to the sorted tags, and what has the
 * tag of an entry is confirmed by a keyed BLAKE2b of all its codes. The tag is made from the whole window, not rolled
 * from its neighbour's: differences of rolled hashes would give the characters away to whoever holds the key.
 */
#include "known.h"

#include <stdlib.h>

#define UNDECIDED 0xffffffffu
#define ROWS 32         /* of eight positions each, whose tags are made at once */
#define BLOCK (8 * ROWS)
#define SLACK (BLOCK + 64) /* bytes behind the codes that may be read */
#define RECENT 8        /* findings that a new one may be the continuation of */

static const uint32_t RUNS[4] = {0, 24, 32, 16}; /* codes digested from the window on; 0: the window */

struct record {
    uint64_t start;         /* places in the joined texts, half-open; of UNDECIDED: the text */
    uint64_t end;
    uint32_t number;
    uint32_t gap;           /* of a whole: the least distance between two of its places */
};

struct search {
    const struct store *store;
    struct view view;
    uint32_t *hits;             /* by text */
    uint64_t *verified;
    uint8_t *undecided;
    struct record *records;
    size_t found, capacity, recent; /* `recent`: the first that may still be continued */
    int last_chance;            /* what does not fit makes its text undecided */
    int overflow;
};

/* ---- records ---- */

static void keep(struct search *s, struct record record)
{
    if (s->found < s->capacity)
        s->records[s->found++] = record;
    else
        s->overflow = 1;
}

static void give_up(struct search *s)
{
    if (s->undecided[s->view.text])
        return;
    s->undecided[s->view.text] = 1;
    /* Room for these was left at the end. */
    s->capacity += s->last_chance;
    keep(s, (struct record){s->view.text, 0, UNDECIDED, 0});
}

/* A finding, in positions of codes. One of a part that continues a recent one makes that longer. */
static void emit(struct search *s, size_t start, size_t end, uint32_t number)
{
    uint64_t last = known_place_of(&s->view, end - 1) + 1, first = known_place_of(&s->view, start);
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
        gap = known_gap_of(&s->view, first, last);
    }
    if (++s->hits[s->view.text] > s->store->max_hits || (s->last_chance && s->found >= s->capacity))
        give_up(s);
    else
        keep(s, (struct record){first, last, number, gap});
}

/* ---- searching ---- */

static __attribute__((noinline)) void check(struct search *s, const struct bank *bank, size_t at, uint32_t tag)
{
    uint32_t entry = bank->buckets[tag >> bank->bucket_shift], end = bank->buckets[(tag >> bank->bucket_shift) + 1];
    while (entry < end && bank->tags[entry] < tag)
        entry++;
    if (entry >= end || bank->tags[entry] != tag)
        return;
    known_place_of(&s->view, at);
    uint64_t window = 0;
    size_t digested = 0; /* codes that `window` is the digest of */
    for (; entry < end && bank->tags[entry] == tag && !s->undecided[s->view.text] && !s->overflow; entry++) {
        uint32_t number = bank->numbers[entry];
        size_t start = at, length = bank->width;
        if (number & WHOLE) {
            uint32_t segment = number & ~WHOLE;
            if (s->store->befores[segment] > at)
                continue;
            start = at - s->store->befores[segment];
            length = s->store->lengths[segment];
            if (length > s->view.count - start)
                continue;
            s->verified[s->view.text] += length;
            if (s->verified[s->view.text] > s->store->max_verified) {
                give_up(s);
                return;
            }
            if (known_digest_of(s->store->state, s->view.codes + start, length) != bank->digests[entry])
                continue;
        } else {
            uint32_t run = RUNS[number >> 1 & 3];
            length = run ? run : length;
            if (length > s->view.count - start)
                continue;
            if (digested != length)
                window = known_digest_of(s->store->state, s->view.codes + start, length);
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

/* The tags of a block: of the windows at `codes` and after, by their positions modulo 8 and divided by 8, for windows
 * that are eight apart lie in memory as lanes of eight do in a register. */
INLINE void tags_of_block(const uint8_t *restrict codes, uint32_t width, const uint64_t *restrict mixers,
                          uint32_t (*restrict tags)[ROWS])
{
    const uint64_t first = mixers[0], factor = mixers[1], last = mixers[2];
    const uint64_t whole = width < 8 ? (1ull << (8 * (width & 7))) - 1 : ~0ull;
    for (size_t phase = 0; phase < 8; phase++)
        for (size_t row = 0; row < ROWS; row++) {
            const uint8_t *at = codes + phase + 8 * row;
            uint64_t mixed = (first ^ (load64(at) & whole)) * factor;
            mixed ^= mixed >> 32;
            for (uint32_t lane = 8; lane < width; lane += 8) {
                mixed = (mixed ^ load64(at + (lane + 8 <= width ? lane : width - 8))) * factor;
                mixed ^= mixed >> 32;
            }
            tags[phase][row] = (uint32_t)(mixed * last >> 32);
        }
}

/* Which windows of a row have their first bit in the filter: their places in the block, from `found` on. */
INLINE size_t half_pass(const struct bank *bank, uint32_t (*tags)[ROWS], size_t row, uint16_t *passed, size_t found)
{
    for (size_t phase = 0; phase < 8; phase++) {
        uint32_t tag = tags[phase][row];
        passed[found] = (uint16_t)(8 * row + phase);
        found += bank->filter[tag >> bank->word_shift] >> (tag & 63) & 1;
    }
    return found;
}

static __attribute__((noinline)) size_t half_pass_seldom(const struct bank *bank, uint32_t (*tags)[ROWS], size_t row,
                                                         uint16_t *passed, size_t found)
{
    return half_pass(bank, tags, row, passed, found);
}

/* Which windows of the first rows of a block the filter lets through: most fail by the first bit. Where next to none
 * has it, eight are looked at together. */
INLINE size_t pass_rows(const struct bank *bank, uint32_t (*tags)[ROWS], size_t rows, uint16_t *passed)
{
    const uint64_t *filter = bank->filter;
    const uint32_t shift = bank->word_shift;
    size_t half = 0, found = 0;
    if (!bank->sparse)
        for (size_t row = 0; row < rows; row++)
            half = half_pass(bank, tags, row, passed, half);
    else
        for (size_t row = 0; row < rows; row++) {
            uint64_t any = 0;
            for (size_t phase = 0; phase < 8; phase++)
                any |= filter[tags[phase][row] >> shift] >> (tags[phase][row] & 63);
            if (any & 1)
                half = half_pass_seldom(bank, tags, row, passed, half);
        }
    for (size_t at = 0; at < half; at++) {
        uint32_t tag = tags[passed[at] & 7][passed[at] >> 3];
        passed[found] = passed[at];
        found += filter[tag >> shift] >> (tag >> 6 & 63) & 1;
    }
    return found;
}

INLINE size_t pass(const struct bank *bank, const uint8_t *codes, uint32_t width, const uint64_t *mixers, size_t count,
                   uint32_t (*tags)[ROWS], uint16_t *passed)
{
    tags_of_block(codes, width, mixers, tags);
    return pass_rows(bank, tags, (count + 7) / 8, passed);
}

CLONES static size_t pass_block(const struct bank *bank, const uint8_t *codes, const uint64_t *mixers, size_t count,
                                uint32_t (*tags)[ROWS], uint16_t *passed)
{
    switch (bank->width) {
    case 6: return pass(bank, codes, 6, mixers, count, tags, passed);
    case 8: return pass(bank, codes, 8, mixers, count, tags, passed);
    case 16: return pass(bank, codes, 16, mixers, count, tags, passed);
    case 64: return pass(bank, codes, 64, mixers, count, tags, passed);
    default: return pass(bank, codes, 12, mixers, count, tags, passed);
    }
}

/* The windows of `count` places from `at` on, at most BLOCK. */
static void run_block(struct search *s, const struct bank *bank, size_t at, size_t count, struct waiting *waiting)
{
    uint32_t tags[8][ROWS];
    uint16_t passed[BLOCK + 8];
    size_t found = pass_block(bank, s->view.codes + at, s->store->mixers, count, tags, passed);
    check_waiting(s, bank, waiting);
    for (size_t index = 0; index < found; index++) {
        size_t place = passed[index];
        if (place >= count)
            break;
        waiting->at[waiting->count] = at + place;
        waiting->tag[waiting->count++] = tags[place & 7][place >> 3];
    }
}

static void run_any(struct search *s, const struct bank *bank)
{
    struct waiting waiting = {.count = 0};
    for (size_t at = 0; at + bank->width <= s->view.count; at += BLOCK) {
        size_t left = s->view.count - bank->width + 1 - at;
        run_block(s, bank, at, left < BLOCK ? left : BLOCK, &waiting);
    }
    check_waiting(s, bank, &waiting);
}

#define MANY 48 /* windows that are sooner looked at as a block than one by one */

/* Only windows of codes of a class: most texts have hardly any, and most codes are never looked at. */
INLINE void run_gated(struct search *s, const struct bank *bank, uint32_t width)
{
    const uint64_t mixers[3] = {s->store->mixers[0], s->store->mixers[1], s->store->mixers[2]};
    const uint64_t *filter = bank->filter;
    const uint8_t *codes = s->view.codes;
    const uint8_t *classes = s->store->classes;
    const uint32_t gate = bank->gate, shift = bank->word_shift;
    const size_t total = s->view.count;
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
        const size_t most = total - at - width < BLOCK ? total : at + width + BLOCK - 1;
        for (good = at + width; good < most && classes[codes[good]] & gate;)
            good++;
        if (good - at - width >= MANY) {
            run_block(s, bank, at, good - at - width + 1, &waiting);
            at = good - width + 1;
            continue;
        }
        for (; at + width <= good; at++) {
            uint32_t tag = tag_of(codes + at, width, mixers);
            uint64_t word = filter[tag >> shift];
            waiting.at[waiting.count] = at;
            waiting.tag[waiting.count] = tag;
            waiting.count += has_bits(word, tag);
            if (waiting.count == BLOCK)
                check_waiting(s, bank, &waiting);
        }
    }
    check_waiting(s, bank, &waiting);
}

static void run(struct search *s, const struct bank *bank)
{
    s->recent = s->found;
    s->view.text = 0;
    switch (bank->width | (bank->gate ? 0x100u : 0)) {
    case 6: case 8: case 12: run_any(s, bank); break;
    case 0x110: run_gated(s, bank, 16); break;
    case 0x140: run_gated(s, bank, 64); break;
    default: s->overflow = 1; break; /* no such bank is made */
    }
}

static void run_all(struct search *s)
{
    const struct store *store = s->store;
    struct view *view = &s->view;
    if (store->banks) {
        known_squeeze(view, store->canonical);
        memset(view->codes + view->count, EDGE, SLACK);
        for (uint32_t bank = 0; bank < store->banks && !s->overflow; bank++)
            run(s, &store->bank[bank]);
    }
    if (store->folded && !s->overflow) {
        known_fold(view, store->folding);
        memset(view->codes + view->count, EDGE, SLACK);
        run(s, &store->bank[store->banks]);
    }
}

/* Find in texts, of which there is at least one, joined with one code point between them, of `width` bytes each (1: ASCII,
 * 2, 4). `starts` has one place a text and one more, as if another followed. Gives the number of records, -1 without
 * memory, -2 where they did not fit and this was no last chance. */
EXPORT int64_t known_find(const struct store *store, const void *joined, int width, const int64_t *starts, size_t texts,
                          struct record *records, size_t capacity, int last_chance)
{
    size_t total = (size_t)starts[texts];
    uint8_t *codes = malloc(total + SLACK);
    uint32_t *before = malloc((total / PITCH + 1) * sizeof *before);
    uint64_t *tallies = calloc(texts, sizeof(uint64_t) + sizeof(uint32_t) + 1);
    int64_t found = -1;
    if (codes && before && tallies) {
        struct search search = {
            .store = store, .records = records, .last_chance = last_chance,
            .view = {joined, width, starts, texts, codes, before, 0, NULL, 0},
            .capacity = last_chance ? capacity - texts : capacity,
            .verified = tallies, .hits = (uint32_t *)(tallies + texts),
            .undecided = (uint8_t *)(tallies + texts) + texts * sizeof(uint32_t),
        };
        run_all(&search);
        found = search.overflow ? -2 : (int64_t)search.found;
    }
    free(tallies);
    free(before);
    free(codes);
    return found;
}
