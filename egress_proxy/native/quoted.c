#include <string.h>

#include "derive_bits.h"
#include "scan.h"

/* Strings in quotes that look random: for each of a few character sets, what `(['"])([set]+)\1` matches one after the
 * other, as Python's `finditer` does, if it is long and has enough entropy. One pass, whatever the text. */

#define LOGS 640 /* a longer value is for the caller: nor does Python turn every longer number into an `int` */
#define MARGIN 1e-9 /* bits; far more than sums of doubles differ by */

typedef struct {
    double limit; /* bits a character, which a value must exceed */
    uint64_t shortest; /* fewest characters that can exceed it */
    double digits; /* what is taken off for a number, times log2 of its length; 0 if nothing is */
} CharacterSet;

struct QuotedPlan {
    uint8_t classes[256]; /* of a byte: bit n is set if set n has it; no quote is in any */
    CharacterSet sets[SETS];
    double logs[LOGS]; /* n * log2(n) */
};

typedef struct {
    double entropy;
    int known, number;
} Measure;

static Measure measured(const QuotedPlan *plan, const uint8_t *run, size_t length)
{
    Measure measure = {0.0, length < LOGS, 1};
    if (!measure.known)
        return measure;
    uint32_t counts[256] = {0};
    double sum = 0.0;
    for (size_t at = 0; at < length; at++) {
        uint8_t byte = run[at];
        sum += plan->logs[counts[byte] + 1] - plan->logs[counts[byte]];
        counts[byte]++;
        measure.number &= byte >= '0' && byte <= '9';
    }
    measure.entropy = (plan->logs[length] - sum) / (double)length;
    return measure;
}

/* 1: over the limit; 0: not; -1: the caller must tell. */
static int over(const QuotedPlan *plan, const CharacterSet *set, const Measure *measure, size_t length)
{
    if (!measure->known)
        return -1;
    double entropy = measure->entropy;
    if (measure->number && set->digits > 0.0)
        entropy -= set->digits * (double)length / plan->logs[length];
    if (entropy > set->limit + MARGIN)
        return 1;
    return entropy < set->limit - MARGIN ? 0 : -1;
}

static inline sixteen are_quotes(sixteen v) { return are(v, '"') | are(v, '\''); }

static const uint8_t *next_quote(const uint8_t *from, const uint8_t *end)
{
    for (; end - from >= BLOCK / 2; from += BLOCK / 2) {
        uint64_t quotes = half_bits(from, are_quotes);
        if (quotes)
            return from + lowest(quotes);
    }
    while (from < end && *from != '"' && *from != '\'')
        from++;
    return from;
}

/* Writes candidates from `progress` on (its first field is 0 at first) and returns how many: there may be more where there
 * is no room for SETS others below `most`. A byte of 128 or more ends every run. */
EXPORT size_t quoted(const QuotedPlan *plan, const uint8_t *text, size_t length, Progress *progress, Candidate *out,
                     size_t most)
{
    if (progress->at == 0)
        memset(progress, 0, sizeof *progress);
    size_t count = 0;
    const uint8_t *end = text + length, *at = next_quote(text + progress->at, end);
    while (at < end && count + SETS <= most) {
        const uint8_t *start = at + 1, *stop = start;
        uint8_t common = 0xFF;
        while (stop < end && plan->classes[*stop]) /* no set has a quote */
            common &= plan->classes[*stop++];
        if (stop > start && stop < end && *stop == *at) {
            size_t run = (size_t)(stop - start);
            Measure measure = {0.0, 0, 0};
            int done = 0;
            for (uint32_t set = 0; set < SETS; set++) {
                if (!(common >> set & 1) || (uint64_t)(at - text) < progress->from[set])
                    continue;
                progress->from[set] = (uint64_t)(stop - text) + 1;
                if (run < plan->sets[set].shortest)
                    continue;
                if (!done++)
                    measure = measured(plan, start, run);
                int verdict = over(plan, &plan->sets[set], &measure, run);
                if (verdict)
                    out[count++] = (Candidate){(uint64_t)(start - text), (uint64_t)(stop - text), set, verdict > 0};
            }
        }
        at = next_quote(stop > start ? stop : start, end);
    }
    progress->at = (uint64_t)(at - text);
    return count;
}
