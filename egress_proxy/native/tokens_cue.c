#include "tokens.h"

/* The context of a token, as `scan/context.py` reads it: a name beside it, or words before and after it. */

#define BEFORE 96 /* characters of the line that are looked at, before a token and after it */
#define AFTER 40
#define WORD 16   /* characters of the longest word */
#define MULTIPLIER 0x9E3779B97F4A7C15u

/* Of a word. */
enum { IS_SECRET = 1, IS_INNOCENT = 2, IS_KEYS = 4, IS_NO_KEY = 8, IS_ANY_KEY = 16, IS_ANY = 32, IS_KEY = 64, IS_CIPHER = 128 };

typedef struct {
    const uint8_t *start;
    size_t length;
} Name;

#define PIECES (BEFORE + AFTER)

static int is_upper(uint8_t byte) { return byte >= 'A' && byte <= 'Z'; }
static int is_lower(uint8_t byte) { return byte >= 'a' && byte <= 'z'; }

/* The words of some ASCII: `[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+`. */
static size_t words(const uint8_t *from, const uint8_t *end, Name *out)
{
    size_t count = 0;
    while (from < end) {
        const uint8_t *at = from;
        while (at < end && is_upper(*at))
            at++;
        size_t capitals = (size_t)(at - from);
        int lower = at < end && is_lower(*at);
        if (!capitals && !lower) {
            from++;
            continue;
        }
        if (capitals >= 3 && lower)
            at--;
        else if (capitals < 2 && lower)
            while (at < end && is_lower(*at))
                at++;
        out[count++] = (Name){from, (size_t)(at - from)};
        from = at;
    }
    return count;
}

static uint64_t flags_of(const TokenPlan *plan, const Name *word)
{
    if (word->length > WORD)
        return 0;
    uint8_t letters[WORD] = {0};
    for (size_t at = 0; at < word->length; at++)
        letters[at] = word->start[at] | 0x20;
    uint64_t key[2];
    memcpy(key, letters, sizeof key);
    uint64_t mixed = (key[0] ^ (key[1] * 31)) * MULTIPLIER;
    for (size_t slot = (size_t)(mixed >> 53);; slot = (slot + 1) % WORDS) {
        const Word *found = &plan->words[slot];
        if (found->letters[0] == key[0] && found->letters[1] == key[1])
            return found->flags;
        if (!found->letters[0])
            return 0;
    }
}

static Cue secret(const TokenPlan *plan, uint64_t flags, const Name *before)
{
    if (!(flags & IS_KEYS))
        return SECRET;
    uint64_t led = before ? flags_of(plan, before) : 0;
    if (led & IS_NO_KEY)
        return INNOCENT;
    return !before || (led & IS_ANY_KEY) || !(flags & IS_KEY) ? KEY : SECRET;
}

static Cue last_of(const TokenPlan *plan, const Name *found, size_t count)
{
    while (count--) {
        uint64_t flags = flags_of(plan, &found[count]);
        if (flags & IS_INNOCENT)
            return INNOCENT;
        if (flags & IS_SECRET)
            return secret(plan, flags, count ? &found[count - 1] : NULL);
    }
    return NONE;
}

static Cue first_of(const TokenPlan *plan, const Name *found, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        uint64_t flags = flags_of(plan, &found[at]);
        if (flags & IS_SECRET)
            return secret(plan, flags, at ? &found[at - 1] : NULL);
        if (flags & IS_INNOCENT)
            return INNOCENT;
    }
    return NONE;
}

Cue named_by(const TokenPlan *plan, const uint8_t *from, const uint8_t *end)
{
    Name found[REACH];
    return last_of(plan, found, words(from, end, found));
}

#define QUOTES "\"'`<[{*\\@$ \t_"
#define SIGNS ":=|(>"

/* Whether one of the last three words before a value is of something that encrypts or signs. */
static int of_cipher(const TokenPlan *plan, const uint8_t *before, const uint8_t *end)
{
    Name found[PIECES];
    size_t count = words(before, end, found), least = count > 3 ? count - 3 : 0;
    while (count-- > least)
        if (flags_of(plan, &found[count]) & IS_CIPHER)
            return 1;
    return 0;
}

/* Whether a name decides, and what it says. */
static int by_name(const TokenPlan *plan, const uint8_t *before, const uint8_t *end, Cue *said)
{
    while (end > before && one_of(end[-1], QUOTES))
        end--;
    if (end == before)
        return 0;
    uint8_t sign = end[-1];
    if (!one_of(sign, SIGNS) && !(sign == ',' && end - before >= 2 && one_of(end[-2], "\"'")))
        return 0;
    while (end > before && one_of(end[-1], SIGNS "," QUOTES "]-"))
        end--;
    const uint8_t *name = end;
    while (name > before && end - name < 64 && (is_word(plan, name[-1]) || one_of(name[-1], ".$@-")))
        name--;
    if (name == end)
        return 0;
    if (name > before && name[-1] == ' ') { /* and one word before it: `public key: ...` */
        const uint8_t *word = name - 1;
        while (word > before && name - 1 - word < 24 && (is_upper(word[-1]) || is_lower(word[-1])))
            word--;
        if (word < name - 1 && (word == before || is_space(plan, word[-1]) || one_of(word[-1], "\"'`(*_|>[")))
            name = word;
    }
    Name found[PIECES];
    size_t count = words(name, end, found);
    *said = last_of(plan, found, count);
    if (*said == KEY && count == 1 && of_cipher(plan, before, end))
        *said = SECRET;
    return *said != NONE ||
           (sign != '(' && sign != ',' && count && !(flags_of(plan, &found[count - 1]) & IS_ANY));
}

Cue token_cue(const Source *source, size_t start, size_t end)
{
    const TokenPlan *plan = source->plan;
    const uint8_t *text = source->text, *before = text + start, *stop = text + start;
    uint8_t beyond = 0; /* with the highest bit: something that is not understood here, a mail address also */
    while (before > text && stop - before < BEFORE && before[-1] != '\n')
        beyond |= *--before == '@' ? 0x80 : *before;
    int cut = stop - before == BEFORE && before > text && before[-1] != '\n';
    const uint8_t *after = text + end, *last = text + source->length;
    if (last - after > AFTER)
        last = after + AFTER;
    for (const uint8_t *at = after; at < last; at++) {
        if (*at == '\n') {
            last = at;
            break;
        }
        beyond |= *at;
    }
    if (beyond & 0x80)
        return UNKNOWN;
    for (const uint8_t *at = stop; at - before >= 2; at--)
        if (at[-2] == '[' && at[-1] == ']') {
            before = at;
            break;
        }
    if (cut)
        while (before < stop && is_word(plan, *before))
            before++;
    Cue said = NONE;
    if (by_name(plan, before, stop, &said))
        return said;
    Name found[PIECES];
    said = last_of(plan, found, words(before, stop, found));
    if (said != NONE)
        return said;
    for (const uint8_t *at = after; at < last; at++)
        if (one_of(*at, "\t{}<>=[]") || (at + 1 < last && is_word(plan, *at) && at[1] == '/')) {
            last = at;
            break;
        }
    return first_of(plan, found, words(after, last, found));
}
