/* Known values: from the codes of forms to the sorted tables that are searched. `scan/fallback.py`, `scan/settling.py`
 * and `scan/banks.py` are the same in Python, and a test compares both. Of all positions the caller has checked that they
 * lie in the codes.
 */
#include "known.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define NARROW 12       /* codes; so many digits are no 60 bits */
#define ALIKE 4         /* values that may share a window: what stands in more is nobody's secret */
#define FEW 24          /* entries that are sorted by insertion */
#define IN_BUCKET 4     /* entries to be sorted together, on average, at most */

EXPORT void known_tags(const uint64_t *mixers, uint32_t width, const uint8_t *codes, const int64_t *positions,
                       size_t count, uint32_t *tags)
{
    for (size_t at = 0; at < count; at++)
        tags[at] = tag_of(codes + positions[at], width, mixers);
}

/* How many different codes a window has; 0 for a narrow one of digits alone: dates and numbers are such. */
INLINE uint32_t variety_of(const uint8_t *window, size_t width)
{
    uint64_t seen[4] = {0};
    int letters = width > NARROW;
    for (size_t index = 0; index < width; index++) {
        seen[window[index] >> 6] |= 1ull << (window[index] & 63);
        letters |= window[index] > '9';
    }
    uint32_t different = 0;
    for (int part = 0; part < 4; part++)
        different += (uint32_t)__builtin_popcountll(seen[part]);
    return letters ? different : 0;
}

EXPORT void known_variety(const uint8_t *codes, const int64_t *positions, uint32_t width, size_t count, uint8_t *out)
{
    for (size_t at = 0; at < count; at++)
        out[at] = (uint8_t)variety_of(codes + positions[at], width);
}

/* Whether a window has so many different codes. Of random ones only the first few need be looked at. */
INLINE int varied(const uint8_t *window, size_t width, int64_t least)
{
    uint64_t seen[4] = {0};
    int letters = width > NARROW;
    for (size_t index = 0; index < width; index++) {
        uint64_t *part = &seen[window[index] >> 6], bit = 1ull << (window[index] & 63);
        least -= !(*part & bit);
        *part |= bit;
        letters |= window[index] > '9';
        if (least <= 0 && letters)
            return 1;
    }
    return 0;
}

/* Forms of one width and run, a column for each of what is known of them: see `scan/settling.py`. */
struct rows {
    const int64_t *starts, *lengths, *strides, *varieties, *reverse, *masks, *of;
};

/* Whether a window stands for a piece of the value that is mostly words, or public. `sums` are of innocent codes. */
INLINE int innocent(const struct rows *rows, size_t row, int64_t place, int64_t run, const int64_t *sums, double share)
{
    if (!rows->masks[row])
        return 0;
    int64_t of = rows->of[row], length = rows->lengths[row];
    int64_t first = place * of / length, end = ((place + run) * of + length - 1) / length;
    if (rows->reverse[row]) {
        int64_t back = of - end;
        end = of - first;
        first = back;
    }
    sums += rows->masks[row];
    return (double)(sums[end] - sums[first]) >= share * (double)(end - first);
}

/* The windows of `run` codes that are registered of forms, each at least so long: the rows they are of, and where they
 * begin in the codes. Gives how many. There is room for one at every stride, and one more, of each. */
EXPORT size_t known_windows(const uint8_t *codes, const struct rows *rows, size_t count, int64_t run,
                            const int64_t *sums, double share, int64_t *own, int64_t *positions)
{
    size_t found = 0;
    for (size_t row = 0; row < count; row++) {
        int64_t last = rows->lengths[row] - run, stride = rows->strides[row];
        for (int64_t place = 0, next = 0; next < last + stride; next += stride) {
            place = next < last ? next : last;
            own[found] = (int64_t)row;
            positions[found] = rows->starts[row] + place;
            found += varied(codes + rows->starts[row] + place, (size_t)run, rows->varieties[row])
                && !innocent(rows, row, place, run, sums, share);
        }
    }
    return found;
}

/* ---- tables ---- */

struct entry {
    uint32_t tag, number;
    uint64_t digest;
};

/* Entries of a part by the highest four bits of their tags. `ends` has one place for each of these. */
EXPORT void known_split(const uint32_t *tags, const uint64_t *digests, const uint32_t *numbers, size_t count,
                        uint32_t *split_tags, uint64_t *split_digests, uint32_t *split_numbers, uint64_t *ends)
{
    uint64_t counts[17] = {0};
    for (size_t at = 0; at < count; at++)
        counts[(tags[at] >> 28) + 1]++;
    for (int group = 1; group < 17; group++)
        counts[group] += counts[group - 1];
    for (size_t at = 0; at < count; at++) {
        uint64_t to = counts[tags[at] >> 28]++;
        split_tags[to] = tags[at];
        split_digests[to] = digests[at];
        split_numbers[to] = numbers[at];
    }
    memcpy(ends, counts, 16 * sizeof *ends);
}

static int compared(const void *first, const void *second)
{
    const struct entry *a = first, *b = second;
    if (a->tag != b->tag)
        return a->tag < b->tag ? -1 : 1;
    if (a->digest != b->digest)
        return a->digest < b->digest ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void sort(struct entry *entries, size_t count)
{
    if (count > FEW) {
        qsort(entries, count, sizeof *entries, compared);
        return;
    }
    for (size_t at = 1; at < count; at++) {
        struct entry moved = entries[at];
        size_t to = at;
        for (; to && compared(&moved, &entries[to - 1]) < 0; to--)
            entries[to] = entries[to - 1];
        entries[to] = moved;
    }
}

/* Entries by tag, digest and number: of a window that a value has several times one, and of one that many values have
 * those of the first. Segments are all kept. All tags have the same `high` bits before the others. Gives how many
 * are left, or -1 without memory. What comes out may be written over what went in. */
EXPORT int64_t known_sorted(const uint32_t *tags, const uint64_t *digests, const uint32_t *numbers, size_t count,
                            uint32_t high, uint32_t *out_tags, uint64_t *out_digests, uint32_t *out_numbers)
{
    uint32_t bits = 1;
    while (bits < 32 - high && count >> bits > IN_BUCKET)
        bits++;
    size_t buckets = (size_t)1 << bits;
    uint32_t mask = (uint32_t)(buckets - 1), shift = 32 - high - bits;
    struct entry *entries = malloc((count + !count) * sizeof *entries);
    uint32_t *ends = calloc(buckets + 1, sizeof *ends);
    int64_t left = -1;
    if (entries && ends) {
        for (size_t at = 0; at < count; at++)
            ends[(tags[at] >> shift & mask) + 1]++;
        for (size_t bucket = 1; bucket <= buckets; bucket++)
            ends[bucket] += ends[bucket - 1];
        for (size_t at = 0; at < count; at++)
            entries[ends[tags[at] >> shift & mask]++] = (struct entry){tags[at], numbers[at], digests[at]};
        for (size_t bucket = 0, start = 0; bucket < buckets; start = ends[bucket++])
            sort(entries + start, ends[bucket] - start);
        left = 0;
        uint32_t sharing = 0; /* values that have the window */
        for (size_t at = 0; at < count; at++) {
            const struct entry *e = &entries[at], *old = at ? e - 1 : e;
            int same = at && e->tag == old->tag && e->digest == old->digest;
            int again = same && e->number >> VALUE_SHIFT == old->number >> VALUE_SHIFT;
            sharing = same ? sharing + !again : 1;
            if (e->number < WHOLE && (again || sharing > ALIKE))
                continue;
            out_tags[left] = e->tag;
            out_digests[left] = e->digest;
            out_numbers[left++] = e->number;
        }
    }
    free(ends);
    free(entries);
    return left;
}

/* Where each bucket of sorted tags ends; `buckets` has one place more than there are, and is 0. */
EXPORT void known_fill(uint64_t *filter, uint32_t word_shift, uint32_t *buckets, uint32_t bucket_shift,
                       size_t bucket_count, const uint32_t *tags, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        filter[tags[at] >> word_shift] |= bits_of(tags[at]);
        buckets[(tags[at] >> bucket_shift) + 1]++;
    }
    for (size_t bucket = 1; bucket <= bucket_count; bucket++)
        buckets[bucket] += buckets[bucket - 1];
}

/* Give memory back that a large build no longer needs. */
EXPORT void known_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
