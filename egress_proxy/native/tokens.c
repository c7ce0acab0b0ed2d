#include "derive_bits.h"
#include "tokens.h"

/* Tokens that cannot be ruled out to be random secrets. Every test here is one of `scan/random_tokens.py` and
 * `scan/context.py`, which judge what is left: what they take must pass. Nothing beyond ASCII is understood here, so a
 * token with some of it around passes as well. A line ends at '\n'. */

#define FEWEST 16        /* characters of a token, its prefix aside */
#define MOST_SCORED 96   /* characters that the score is of, as in `random_text` */
#define MARGIN 256       /* beside a token that is alone on its line */
#define NO_PAIR 255

/* Whether the score of a run may reach `least` hundredths. */
static int scores(const TokenPlan *plan, const uint8_t *run, size_t length, uint32_t least)
{
    uint32_t sum = 0, count = 0;
    if (length > MOST_SCORED)
        length = MOST_SCORED;
    for (size_t at = 1; at < length; at++) {
        uint8_t weight = plan->pairs[run[at - 1] & 127][run[at] & 127];
        sum += weight == NO_PAIR ? 0 : weight;
        count += weight != NO_PAIR;
    }
    return count >= 6 && 5 * sum >= least * count;
}

static int known_start(const TokenPlan *plan, const uint8_t *token, size_t length)
{
    const uint8_t *at = plan->starts + plan->first[token[0]], *end = plan->starts + plan->first[token[0] + 1];
    for (; at < end; at += *at + 1)
        if (*at <= length && memcmp(token, at + 1, *at) == 0)
            return 1;
    return 0;
}

/* Hexadecimal digits and signs: `[0-9a-f-]+|[0-9A-F-]+|(?:[0-9a-f]{7,}[._~/+-]+)+[0-9a-f]{7,}`. */
static int is_plain(const TokenPlan *plan, const uint8_t *token, size_t length)
{
    int lower = 1, upper = 1, pieces = 1;
    size_t run = 0;
    for (size_t at = 0; at < length && (lower | upper | pieces); at++) {
        uint8_t byte = token[at];
        if (plan->kinds[byte] & DIGIT) {
            run++;
        } else if (byte >= 'a' && byte <= 'f') {
            run++;
            upper = 0;
        } else if (plan->kinds[byte] & SIGN) {
            lower &= byte == '-';
            upper &= byte == '-';
            pieces &= run >= 7 || (run == 0 && at > 0);
            run = 0;
        } else {
            lower = pieces = 0;
            upper &= byte >= 'A' && byte <= 'F';
        }
    }
    return lower | upper | (pieces && run >= 7);
}

static int unlike_words(const TokenPlan *plan, const uint8_t *token, size_t length)
{
    if (!scores(plan, token, length, 42))
        return 0;
    size_t longest = 0, place = 0, runs = 0, first = 0;
    int same = 1;
    for (size_t at = 0; at < length;) {
        size_t start = at;
        while (at < length && (plan->kinds[token[at]] & ALNUM))
            at++;
        if (at > start) {
            if (!runs++)
                first = at - start;
            same &= at - start == first;
            if (at - start > longest) {
                longest = at - start;
                place = start;
            }
        }
        at++;
    }
    return (longest >= 9 && scores(plan, token + place, longest, 42)) || (runs >= 3 && same);
}

/* Whether nothing else stands on the line, near though it begins and ends. */
static int is_line(const Source *source, size_t start, size_t end)
{
    size_t from = start, to = end;
    while (from > 0 && start - from <= MARGIN && one_of(source->text[from - 1], "\"', \t"))
        from--;
    while (to < source->length && to - end <= MARGIN && one_of(source->text[to], "\"', \t"))
        to++;
    return start - from <= MARGIN && to - end <= MARGIN && (from == 0 || source->text[from - 1] == '\n') &&
           (to == source->length || source->text[to] == '\n');
}

static int may_stand_alone(const Source *source, size_t start, size_t end)
{
    const TokenPlan *plan = source->plan;
    const uint8_t *token = source->text + start;
    size_t length = end - start;
    static const char *around = "/\\&?#%@$:~<>+=-";
    if (length < 20 || length > 100 || (start > 0 && one_of(token[-1], around)) ||
        (end < source->length && one_of(token[length], around)))
        return 0;
    size_t longest = 0, place = 0;
    int alnum = 1;
    for (size_t at = 0; at < length;) {
        size_t from = at;
        while (at < length && ((plan->kinds[token[at]] & ALNUM) || token[at] == '+' || token[at] == '/'))
            alnum &= (plan->kinds[token[at++]] & ALNUM) != 0;
        if (at - from > longest) {
            longest = at - from;
            place = from;
        }
        alnum &= at == length;
        at++;
    }
    uint8_t kinds = 0;
    size_t digits = 0;
    for (size_t at = place; at < place + longest; at++) {
        kinds |= plan->kinds[token[at]];
        digits += plan->kinds[token[at]] & DIGIT;
    }
    int all = (kinds & ALNUM) == ALNUM;
    if (digits < 2 || longest < (all ? 16 : 22) || !scores(plan, token + place, longest, all ? 56 : 62))
        return 0;
    return !((length >= 60 || !alnum) && is_line(source, start, end));
}

/* `is_secret`: 0 where it is surely not. */
static int may_be_secret(const Source *source, size_t start, size_t end)
{
    const uint8_t *token = source->text + start;
    size_t length = end - start;
    if (length < FEWEST || known_start(source->plan, token, length))
        return 0;
    if (is_plain(source->plan, token, length))
        return token_cue(source, start, end) >= SECRET;
    if ((end < source->length && one_of(source->text[end], "([")) || !unlike_words(source->plan, token, length))
        return 0;
    Cue said = token_cue(source, start, end);
    return said >= KEY || (said == NONE && may_stand_alone(source, start, end));
}

/* Where the next digit is, or `end`. */
static const uint8_t *next_digit(const uint8_t *from, const uint8_t *end)
{
    for (; end - from >= BLOCK / 2; from += BLOCK / 2) {
        uint64_t digits = half_bits(from, are_digits);
        if (digits)
            return from + lowest(digits);
    }
    while (from < end && (uint8_t)(*from - '0') >= 10)
        from++;
    return from;
}

static int has_digit(const TokenPlan *plan, const uint8_t *token, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (plan->kinds[token[at]] & DIGIT)
            return 1;
    return 0;
}

static int is_path(const Source *source, size_t start, size_t end)
{
    const TokenPlan *plan = source->plan;
    const uint8_t *text = source->text;
    if (!memchr(text + start, '/', end - start))
        return 0;
    if (start > 0 && one_of(text[start - 1], "/\\.@~"))
        return 1;
    for (size_t at = start; at < start + 7; at++)
        if (text[at] == '/' && text[at + 1] == '/')
            return 1;
    for (size_t at = start; at > 0 && start - at < 8 && text[at - 1] != '\n'; at--)
        if (text[at - 1] == '/' && text[at] == '/')
            return 1;
    size_t wordy = 0;
    for (size_t at = start; at < end;) {
        size_t from = at;
        while (at < end && text[at] != '/')
            at++;
        if (at - from > 3 && !scores(plan, text + from, at - from, 42))
            wordy += at - from;
        at++;
    }
    return wordy * 3 > end - start;
}

/* Where a token begins with what is glued before it: `[:!.](?:[\w.!-]{1,24}:){0,2}[\w.!-]{1,24}(?=[\s"'`=(]|\Z)`, read
 * backwards in what is near, unless it names something. */
static size_t glued_before(const Source *source, size_t start)
{
    const uint8_t *text = source->text;
    size_t limit = start > REACH ? start - REACH : 0, at = start;
    if (at == limit || !one_of(text[at - 1], ":!."))
        return start;
    at--;
    for (int colons = 0;; colons++) {
        size_t piece = at;
        while (at > limit && piece - at < 24 && (is_word(source->plan, text[at - 1]) || one_of(text[at - 1], ".!-")))
            at--;
        if (at == piece)
            return start;
        if (at == limit || is_space(source->plan, text[at - 1]) || one_of(text[at - 1], "\"'`=("))
            break;
        if (colons == 2 || text[at - 1] != ':')
            return start;
        at--;
    }
    return named_by(source->plan, text + at, text + start) == NONE ? at : start;
}

/* And where it ends: `:[0-9A-Za-z_+/.=-]{8,}(?=[\s"'`,;)]|\Z)`. */
static size_t glued_after(const Source *source, size_t end)
{
    const uint8_t *text = source->text;
    size_t limit = source->length - end > REACH ? end + REACH : source->length, at = end + 1;
    if (end >= limit || text[end] != ':')
        return end;
    while (at < limit && (is_word(source->plan, text[at]) || one_of(text[at], "+/.=-")))
        at++;
    int closed = at == limit || is_space(source->plan, text[at]) || one_of(text[at], "\"'`,;)");
    return closed && at - end > 8 ? at : end;
}

/* Tokens from `*place` on that the caller must judge; returns how many, and where to go on in `*place` (`length` when all
 * is done). */
EXPORT size_t tokens_find(const TokenPlan *plan, const uint8_t *text, size_t length, uint64_t *place, Token *out,
                          size_t most)
{
    const Source source = {plan, text, length};
    size_t count = 0, at = (size_t)*place; /* no run begins before `at` */
    while (count < most) {
        size_t digit = (size_t)(next_digit(text + at, text + length) - text); /* every token has one */
        if (digit == length)
            break;
        size_t first = digit, end = digit + 1;
        while (first > at && (plan->kinds[text[first - 1]] & RUN))
            first--;
        while (end < length && (plan->kinds[text[end]] & RUN))
            end++;
        size_t start = first;
        while (start < end && !(plan->kinds[text[start]] & ALNUM))
            start++;
        at = end;
        if (end - start < FEWEST)
            continue;
        size_t stop = end;
        while (stop < length && stop < end + 2 && text[stop] == '=')
            stop++;
        if (start == first + 1 && one_of(text[first], "_-") && first > 0 && text[first - 1] != '\n' &&
            ((plan->kinds[text[first - 1]] & SPACE) || one_of(text[first - 1], "\"'`=:")))
            start--;
        while (stop > start && one_of(text[stop - 1], "./-+~"))
            stop--;
        size_t from = glued_before(&source, start), to = glued_after(&source, stop);
        if ((from == start && known_start(plan, text + start, stop - start)) || is_path(&source, start, stop))
            continue;
        if (may_be_secret(&source, from, to))
            out[count++] = (Token){start, stop};
    }
    *place = count < most ? length : at;
    return count;
}

/* Keeps, in order, those of the strings between quotes that `random_tokens.innocent` must judge; returns how many. */
EXPORT size_t tokens_kept(const TokenPlan *plan, const uint8_t *text, size_t length, Candidate *found, size_t count)
{
    const Source source = {plan, text, length};
    size_t kept = 0;
    for (size_t at = 0; at < count; at++) {
        size_t start = (size_t)found[at].start, end = (size_t)found[at].end;
        int short_or_words = end - start < FEWEST || !has_digit(plan, text + start, end - start);
        if (short_or_words ? token_cue(&source, start, end) >= SECRET : may_be_secret(&source, start, end))
            found[kept++] = found[at];
    }
    return kept;
}
