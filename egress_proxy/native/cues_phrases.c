#include "cues.h"

/* Words in a row that may be a secret: passphrases, seeds of wallets. */

static size_t letters(const uint8_t *at, const uint8_t *stop, size_t most)
{
    size_t count = 0;
    while (count <= most && at + count < stop && is_letter(at[count]))
        count++;
    return count;
}

/* Whether what closes a phrase stands at a place: a mark, or the end of the line. */
static int closes_phrase(const uint8_t *at, const uint8_t *stop)
{
    if (at < stop && (kind(*at) & QUOTE))
        return 1;
    while (at < stop && (*at == '*' || *at == '.' || *at == '!' || (kind(*at) & BLANK)))
        at++;
    return at == stop || *at == '\n' || (kind(*at) & QUOTE);
}

/* Whether a word is one of those that a phrase has not (`_PROSE` in `scan/prose.py`): the usual ones of them without an i,
 * k or s, which may stand for other letters here. */
static int is_of_sentence(const uint8_t *at, size_t length)
{
    static const char *const words[] = {"the", "and", "for", "are", "not", "but", "our", "from", "when", "your", "have", "been", "what"};
    for (size_t number = 0; number < sizeof words / sizeof *words; number++) {
        size_t same = 0;
        while (same < length && (at[same] | 0x20) == words[number][same])
            same++;
        if (same == length && !words[number][same])
            return 1;
    }
    return 0;
}

/* Whether a phrase stands at a place: 4 to 8 words of 3 to 12 letters each, one space or hyphen between. */
static int is_phrase(const uint8_t *at, const uint8_t *stop)
{
    for (int words = 1; words <= 8; words++, at++) {
        size_t length = letters(at, stop, 12);
        if (length < 3 || length > 12 || is_of_sentence(at, length))
            return 0;
        at += length;
        if (words >= 4 && closes_phrase(at, stop))
            return 1;
        if (at == stop || (*at != ' ' && *at != '-'))
            return 0;
    }
    return 0;
}

/* Whether eleven words do, of 3 to 8 letters each, numbered perhaps. */
int is_seed(const uint8_t *at, const uint8_t *stop)
{
    while (at < stop && ((kind(*at) & (QUOTE | BLANK)) || *at == '(' || *at == '*'))
        at++;
    for (int words = 0; words < 11; words++) {
        while (at < stop && (is_digit(*at) || *at == '.' || *at == ')' || *at == ' '))
            at++;
        size_t length = letters(at, stop, 8);
        if (length < 3 || length > 8)
            return 0;
        at += length;
        if (at == stop || (*at != ' ' && *at != ','))
            return 0;
        while (at < stop && (*at == ' ' || *at == ','))
            at++;
    }
    return 1;
}

/* Whether `is`, `was` or the like follows and then a phrase, perhaps in marks, as after `password`. */
int says_phrase(const uint8_t *at, const uint8_t *stop)
{
    if (stop - at < 3)
        return 0;
    uint8_t first = at[0] | 0x20, second = at[1] | 0x20;
    if (!(second == 's' && (first == 'i' || first == 'e')) && !(first == 'w' && second == 'a'))
        return 0;
    for (int length = 2; length <= 3; length++) {
        const uint8_t *from = at + length;
        for (int marks = 0; from < stop && marks < 4 && (*from == ' ' || *from == '*' || (kind(*from) & QUOTE)); marks++)
            from++;
        if (is_phrase(from, stop))
            return 1;
    }
    return 0;
}
