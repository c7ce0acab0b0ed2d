#include "cues.h"
#include "derive_bits.h"

#include <string.h>

/* Lines in which a sentence or a note may tell a secret: what is told has a digit or a sign that words have not, behind
 * the name of it or before it; or behind it, words with hyphens or random letters. What the expressions for these lines need of a name and of what stands beside it. */

static inline sixteen are_odd(sixteen v)
{
    return are_digits(v) | within(v, '#', '&') | within(v, '*', '+') | within(v, '?', '@') | are(v, '!') | are(v, '^') | are(v, '~');
}

static void find_odd(Line *line)
{
    const uint8_t *stop = line->stop, *first = line->start, *last = stop;
    if (line->first_odd)
        return;
    uint64_t places = 0;
    while (stop - first >= 16 && !(places = bits_of(are_odd(sixteen_at(first)))))
        first += 16;
    if (places)
        first += lowest(places);
    while (first < stop && !(kind(*first) & ODD))
        first++;
    while (last - first > 16 && !bits_of(are_odd(sixteen_at(last - 16))))
        last -= 16;
    while (last > first && !(kind(last[-1]) & ODD))
        last--;
    line->first_odd = first;
    line->last_odd = last > first ? last - 1 : line->start;
}

#define JOINTS 3 /* between the words of a passphrase, at least */
#define HUMPS 2   /* places in random letters where a large one follows a small one, at least */

static inline int is_joint(uint8_t byte) { return (byte == '-') | (byte == '_') | (byte == '.'); }

static inline int is_hump(const uint8_t *at) { return (uint8_t)(*at - 'A') < 26 && (uint8_t)(at[-1] - 'a') < 26; }

/* Whether a line may have so many of either at all. */
static int has_humps(const uint8_t *at, const uint8_t *stop)
{
    int joints = 0, humps = 0;
    for (at++; stop - at >= 16; at += 16) {
        sixteen v = sixteen_at(at);
        joints += __builtin_popcountll(bits_of(within(v, '-', '.') | are(v, '_')));
        humps += __builtin_popcountll(bits_of(are_capitals(v) & within(sixteen_at(at - 1), 'a', 'z')));
    }
    for (; at < stop; at++) {
        joints += is_joint(*at);
        humps += is_hump(at);
    }
    return joints >= JOINTS || humps >= HUMPS;
}

/* What may be a secret although it has letters alone: `amber-violet-otter-kiln`, `qXvTzRbW`. */
static void find_drawn(Line *line)
{
    if (line->last_drawn)
        return;
    line->last_drawn = line->start;
    if (!has_humps(line->start, line->stop))
        return;
    int joints = 0, humps = 0;
    for (const uint8_t *at = line->start + 1; at < line->stop; at++) {
        if (is_letter(*at)) {
            humps += is_hump(at);
            joints += is_joint(at[-1]) && at - line->start >= 2 && is_letter(at[-2]);
            if (joints >= JOINTS || humps >= HUMPS)
                line->last_drawn = at;
        } else {
            humps = 0;
            if (!is_joint(*at))
                joints = 0;
        }
    }
}

/* Where the letters from a word on end. They are read once, however many words they are: `passpasspass…`. */
static const uint8_t *letters_end(Line *line, const uint8_t *word, const uint8_t *read)
{
    const uint8_t *end = line->letters && line->letters > word ? line->letters : word;
    while (end < read && is_letter(*end))
        end++;
    return line->letters = end;
}

/* Where a name with a word ends, so that a sentence may go on there; NULL: it is another word, as in `keyword`. */
static const uint8_t *name_end(Line *line, const uint8_t *word, const uint8_t *read)
{
    if ((word[0] | 0x20) == 'k' && (word + 3 == read || !is_letter(word[3])))
        return word + 3;
    const uint8_t *end = letters_end(line, word, read);
    size_t letters = (size_t)(end - word);
    uint8_t first = word[0] | 0x20, next = letters > 4 ? word[4] | 0x20 : 0;
    size_t least = first == 'k' ? 3 : first == 't' ? 5 : 4; /* of the name itself */
    if (first == 'p' && (word[1] | 0x20) == 'w')
        return end;
    if (first == 'p' && next == 'e')
        least = 5;
    else if ((first == 'p' && (next == 'w' || next == 'p' || next == 'c' || next == 'o')) || (first == 'c' && (word[3] | 0x20) == 'd'))
        return end; /* `password`, `passphrase`, `passcode`, `passord`, `credentials` */
    if (letters < least || (first == 't' && !((word[3] | 0x20) == 'e' && next == 'n')))
        return NULL;
    int more = letters > least && ((word[least] | 0x20) == 'a' || (first == 'c' && (word[least] | 0x20) == 's'));
    return letters == least + (size_t)more ? end : NULL; /* `a` is any letter beyond ASCII: the end of a word in Korean */
}

/* Whether a sentence may go on with what stands there. */
static int goes_on(const uint8_t *at, const uint8_t *stop)
{
    return at < stop && (kind(*at) & GOES_ON) && (*at != '\'' || (at + 1 < stop && (at[1] | 0x20) == 's'));
}

static int joins(uint8_t byte) { return kind(byte) & JOINS; }

/* Whether the name of a user may stand before a run, as in notes: `id/pw`, `user and pass`, `(pw`. */
static int is_noted(const uint8_t *run, const uint8_t *start)
{
    if (joins(run[-1]))
        return 1;
    if (run[-1] != ' ' || run - start < 2)
        return 0;
    if (joins(run[-2]) || run[-2] == ')')
        return 1;
    if (run - start < 3)
        return 0;
    uint8_t last = run[-2] | 0x20, before = run[-3] | 0x20;
    static const char ends[] = "idndmeerinctaa"; /* `and` as well */
    for (const char *end = ends; *end; end += 2)
        if (before == (uint8_t)end[0] && last == (uint8_t)end[1])
            return 1;
    return before == 'n' && last == 't' && run - start > 3 && (run[-4] | 0x20) == 'u';
}

/* Where ` is ` or the like stands first after a place, or the end. */
static const uint8_t *first_verb(const uint8_t *at, const uint8_t *stop)
{
    static const char *const verbs[] = {"is", "as", "ist", "als", "est", "comme", "como", "es"};
    for (; (at = memchr(at, ' ', (size_t)(stop - at))); at++)
        for (size_t number = 0; number < sizeof verbs / sizeof *verbs; number++) {
            size_t length = strlen(verbs[number]), same = 0;
            if ((size_t)(stop - at) < length + 2 || at[length + 1] != ' ')
                continue;
            while (same < length && (at[same + 1] | 0x20) == (uint8_t)verbs[number][same])
                same++;
            if (same == length)
                return at;
        }
    return stop;
}

int says(Line *line, const uint8_t *word, const uint8_t *run, const uint8_t *read)
{
    int label = (word[0] | 0x20) == 'p', on = 0, last = 0;
    if (label && word == run && run > line->start && is_noted(run, line->start)) {
        find_odd(line);
        if (line->last_odd > word)
            return 1;
    }
    const uint8_t *end = name_end(line, word, read);
    if (end == read) {
        on = goes_on(read, line->stop);
        last = run > line->start && run[-1] == ' ';
    } else if (end) {
        on = *end == '-' && (label || (end + 1 == read && goes_on(read, line->stop)));
    }
    if (!on && !last)
        return 0;
    find_odd(line);
    if (on && line->last_odd >= end)
        return 1;
    if (on)
        find_drawn(line);
    if (on && line->last_drawn >= end)
        return 1;
    if (!last || line->first_odd >= run)
        return 0;
    if (!line->verb)
        line->verb = first_verb(line->first_odd, line->stop);
    return line->verb < run;
}
