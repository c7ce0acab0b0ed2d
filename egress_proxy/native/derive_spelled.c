#include "derive.h"
#include "derive_bits.h"

/* Characters that are spelled: `alfa bravo`, `capital a`, `dash`. */

/* Sorted, so that those with one first letter stand together. */
static const char *const SPELLINGS[] = {
    "alfa", "alpha", "bang", "bravo", "cap", "capital", "case", "charlie", "colon", "dash", "delta", "digit",
    "dollar", "dot", "echo", "eight", "equals", "five", "four", "foxtrot", "golf", "hash", "hotel", "hyphen", "india",
    "juliet", "juliett", "kilo", "letter", "lima", "lower", "lowercase", "mike", "minus", "nine", "niner", "november",
    "one", "oscar", "papa", "percent", "plus", "quebec", "ray", "romeo", "seven", "sierra", "six", "slash", "small",
    "star", "tango", "three", "two", "underscore", "uniform", "upper", "uppercase", "victor", "whiskey", "whisky",
    "xray", "yankee", "zero", "zulu",
};

#define LONGEST_SPELLING 11

/* By first letter, the shapes of these words, which nearly all other words are told by: a bit for a length and a second
 * letter together. And where those of a letter end in the list. */
static uint64_t SHAPES[32];
static uint8_t ENDS[32];

static inline unsigned shape_of(size_t length, uint8_t second) { return (unsigned)(11 * length + (second & 31)) & 63; }

__attribute__((constructor)) static void learn_shapes(void)
{
    for (size_t each = 0; each < sizeof SPELLINGS / sizeof *SPELLINGS; each++) {
        const char *word = SPELLINGS[each];
        SHAPES[word[0] & 31] |= (uint64_t)1 << shape_of(strlen(word), (uint8_t)word[1]);
        ENDS[word[0] & 31] = (uint8_t)(each + 1);
    }
}

static inline int may_spell(const uint8_t *word, size_t length)
{
    return (length > 1) & (int)(SHAPES[word[0] & 31] >> shape_of(length, word[length > 1]) & 1);
}

static int spells(const uint8_t *word, size_t length)
{
    if (!may_spell(word, length) || length > LONGEST_SPELLING)
        return 0;
    char small[LONGEST_SPELLING + 1] = {0};
    for (size_t at = 0; at < length; at++)
        small[at] = (char)(word[at] | 0x20);
    for (size_t each = ENDS[word[0] & 31]; each > 0 && SPELLINGS[each - 1][0] == small[0]; each--)
        if (strcmp(small, SPELLINGS[each - 1]) == 0)
            return 1;
    return 0;
}

/* Spelled characters: a word every so often is looked at, and those around it where it is one of them. */
#define STRIDE 48

/* Words that stand between those, and that no row begins with; of three letters and more. */
static const char *const FILLERS[] = {"and", "character", "followed", "letter", "number", "sign", "symbol", "the", "then"};

static int fills(const uint8_t *word, size_t length)
{
    for (size_t each = 0; each < sizeof FILLERS / sizeof *FILLERS; each++)
        if (strlen(FILLERS[each]) == length && (word[0] | 0x20) == FILLERS[each][0] && memcmp(word + 1, FILLERS[each] + 1, length - 1) == 0)
            return 1;
    return length == 2 && ((word[0] == 'a' && word[1] == 'n') || (word[0] == 'b' && word[1] == 'y'));
}

static int spelled(const uint8_t *text, size_t start, size_t end)
{
    return end - start == 1 || spells(text + start, end - start) || fills(text + start, end - start);
}

#define AROUND 12 /* characters before a place that its word is looked for in */

#define NEXT_WORDS 20 /* characters after the beginning of a word that the next two begin in, if they may be woven */

/* The word at or before a place after the first ones of a text, as `start` and `end`: as far as sixteen characters.
 * Whether there may be a character alone for `see_woven`: this word, if it is no longer than a tag, or one of the next
 * two. */
static int word_at(const uint8_t *text, size_t length, size_t place, size_t *start, size_t *end)
{
    uint8_t spare[BLOCK];
    size_t at = place - AROUND;
    uint64_t letters = alnum_bits(block_at(text, at, length, spare)), alone = letters & ~(letters << 1 | letters >> 1);
    unsigned first = AROUND - 1 + (unsigned)(letters >> AROUND & 1), count;
    first -= trailing(letters << (64 - first));
    count = leading(letters >> first);
    *start = at + first;
    *end = *start + (count < 16 ? count : 16);
    return ((alone >> first & below(NEXT_WORDS + 1)) != 0) & (count <= LONGEST_TAG); /* one branch: it is a word in two */
}

void find_spelled(const uint8_t *text, size_t length, struct found *found)
{
    for (size_t next = STRIDE; next < length; next += STRIDE) {
        size_t start, end;
        if (word_at(text, length, next, &start, &end))
            see_woven(text, start, end, length, found);
        for (int word = 0; word < 2 && end - start == 1 && end + 1 < length; word++) {
            start = alnum(text[end + 1]) ? end + 1 : end;
            end = word_end(text, start, length - start > 16 ? start + 16 : length);
        }
        if (end == start || !may_spell(text + start, end - start) || !spells(text + start, end - start))
            continue;
        struct row row = {start, end, 1};
        for (size_t at = start; at > 0;) { /* before it */
            size_t last = at;
            while (last > 0 && at - last < 6 && !alnum(text[last - 1]))
                last--;
            size_t first = last;
            while (first > 0 && last - first < 12 && alnum(text[first - 1]))
                first--;
            if (first == last || at == last || !spelled(text, first, last))
                break;
            row.start = at = first;
            row.count++;
        }
        for (size_t at = end; at < length;) {
            size_t first = at;
            while (first < length && first - at < 6 && !alnum(text[first]))
                first++;
            size_t last = word_end(text, first, length - first > 16 ? first + 16 : length);
            if (first == last || !spelled(text, first, last))
                break;
            row.end = at = last;
            row.count++;
        }
        end_row(&row, SPELLED, found);
        if (row.end > next)
            next = row.end;
    }
}
