#include "derive.h"
#include "derive_bits.h"
#include "derive_words.h"

/* Words that are numbers: of characters, or labels of them. */

enum { DECIMAL = 1, HEXADECIMAL = 2, OCTAL = 4, BINARY = 8 };

/* In which notations a character may be a digit. */
static const uint8_t DIGIT_OF[256] = {
    ['0' ... '1'] = DECIMAL | HEXADECIMAL | OCTAL | BINARY,
    ['2' ... '7'] = DECIMAL | HEXADECIMAL | OCTAL,
    ['8' ... '9'] = DECIMAL | HEXADECIMAL,
    ['A' ... 'F'] = HEXADECIMAL,
    ['a' ... 'f'] = HEXADECIMAL,
};

/* In which notations the number of a character may have so many digits. One alone is a tab, if it is any. */
static const uint8_t LENGTH_OF[9] = {0, 0, DECIMAL | HEXADECIMAL | OCTAL, DECIMAL | OCTAL, HEXADECIMAL, 0, BINARY, BINARY, BINARY};

static inline int is_character(unsigned number) { return number < 127 && printable((uint8_t)number); }

/* In which notations a word may be the number of a character. */
static unsigned notations(const uint8_t *word, size_t length)
{
    unsigned possible;
    if (length == 1)
        return word[0] == '9' ? DECIMAL : 0;
    if (length > 2 && word[0] == '0' && (word[1] | 0x20) == 'x') {
        word += 2;
        length -= 2;
        possible = HEXADECIMAL;
        if (length > 3 && word[length - 1] == '8' && ((word[length - 2] | 0x20) == 'u' || (word[length - 2] | 0x20) == 'i'))
            length -= 2; /* `0x41u8` */
    } else if (length > 8 && word[0] == '0' && (word[1] | 0x20) == 'b') {
        word += 2;
        length -= 2;
        possible = BINARY;
    } else {
        possible = length > 8 ? 0 : LENGTH_OF[length];
    }
    if (length > 8 || (length > 2 && possible != HEXADECIMAL && word[0] > '1'))
        return 0; /* nothing that long is less than 127 */
    for (size_t at = 0; at < length && possible; at++)
        possible &= DIGIT_OF[word[at]];
    if (!possible)
        return 0;
    unsigned values[4] = {0};
    for (size_t at = 0; at < length; at++) {
        unsigned value = (unsigned)nibble(word[at]);
        values[0] = values[0] * 10 + value;
        values[1] = values[1] * 16 + value;
        values[2] = values[2] * 8 + value;
        values[3] = values[3] * 2 + value;
    }
    for (unsigned each = 0; each < 4; each++)
        possible &= ~((unsigned)!is_character(values[each]) << each);
    return possible;
}

/* A row of labels. They are of characters where single ones stand there: some different letters, or more of them
 * than the labels themselves would be. */
void end_labelled(struct row *row, const uint8_t *text, size_t length, struct found *found)
{
    if (row->count >= FEWEST) {
        size_t end = length - row->end > BESIDE ? row->end + BESIDE : length;
        size_t at = row->start > BESIDE ? row->start - BESIDE : 0, single = 0, letters = 0;
        uint64_t seen = 0;
        for (uint8_t before = 0; at < end; before = text[at++]) {
            uint8_t after = at + 1 < length ? text[at + 1] : ' ';
            if (alnum(text[at]) ? alnum(before) || alnum(after) : !(quote(before) && quote(after)))
                continue;
            single++;
            seen |= digit(text[at]) ? 0 : (uint64_t)1 << (text[at] & 63);
        }
        for (; seen; seen &= seen - 1)
            letters++;
        if (letters >= FEWEST_LETTERS || single >= row->count + FEWEST_LETTERS)
            report(found, LABELLED, row->start, row->end);
    }
    row->count = 0;
}

#define NEXT_LABEL 24 /* characters from one label to the next, in whatever order they are */

/* Labels in no order, `{9: "o", 0: "d"}`: of characters where enough different letters stand there alone, or anything
 * between quotes. */
static void end_unordered(struct row *row, const uint8_t *text, size_t length, struct found *found)
{
    if (row->count >= FEWEST) {
        size_t end = length - row->end > NEXT_LABEL ? row->end + NEXT_LABEL : length, letters = 0, quoted = 0;
        uint64_t seen = 0;
        for (size_t at = row->start; at < end; at++) {
            uint8_t before = at > 0 ? text[at - 1] : ' ', after = at + 1 < length ? text[at + 1] : ' ';
            quoted += (size_t)(quote(before) & quote(after));
            if (lower(text[at] | 0x20) && !alnum(before) && !alnum(after))
                seen |= (uint64_t)1 << (text[at] & 63);
        }
        for (; seen; seen &= seen - 1)
            letters++;
        if (letters >= FEWEST_LETTERS || quoted >= FEWEST)
            report(found, LABELLED, row->start, row->end);
    }
    row->count = 0;
}

struct numbers {
    size_t length;
    struct row codes, counted[2], lined, glued, inside, unordered;
    struct mixed_row mixed;
    unsigned notation, expected[2], next;
};

#define LONGEST_NAME 6 /* letters of what makes a character of a number: `chr`, `(byte)`, `char` */

/* Between the numbers of characters: no words but one that makes characters of them. */
static int between_codes(const uint8_t *text, size_t from, size_t to)
{
    if (to > from + 20)
        return 0;
    size_t letters = 0;
    for (size_t at = from; at < to; at++)
        letters += (size_t)lower(text[at] | 0x20);
    return letters <= LONGEST_NAME;
}

static void see_code(struct numbers *n, const uint8_t *text, size_t start, size_t end, struct found *found)
{
    unsigned notation = notations(text + start, end - start);
    if (n->codes.count && (!(n->notation & notation) || !between_codes(text, n->codes.end, start)))
        end_row(&n->codes, NUMBERS, found);
    if (!notation)
        return;
    n->notation = n->codes.count ? n->notation & notation : notation;
    grow(&n->codes, start, end);
}

static unsigned decimal_at(const uint8_t *text, size_t start, size_t end)
{
    unsigned value = 0;
    for (size_t at = start; at < end; at++)
        value = value * 10 + (unsigned)(text[at] - '0');
    return value;
}

/* A label with a letter before it: `c1`, or `1` after an escaped end of a line. */
static void see_glued(struct numbers *n, const uint8_t *text, size_t start, size_t end, struct found *found)
{
    unsigned value = decimal_at(text, start, end);
    if (n->glued.count && (value != n->next || start > n->glued.end + 96)) {
        if (value > 1 && start <= n->glued.end + 96)
            return; /* a name among them */
        end_labelled(&n->glued, text, n->length, found);
    }
    if (!n->glued.count && value > 1)
        return;
    grow(&n->glued, start, end);
    n->next = value + 1;
}

static void see_label(struct numbers *n, const uint8_t *text, size_t start, size_t end, struct found *found)
{
    unsigned value = decimal_at(text, start, end);
    if (n->unordered.count && start > n->unordered.end + NEXT_LABEL)
        end_unordered(&n->unordered, text, n->length, found);
    grow(&n->unordered, start, end);
    /* two rows at a time: the first characters themselves may be 0 or 1, and look like the beginning of another */
    for (int row = 0; row < 2; row++) {
        if (n->counted[row].count && start > n->counted[row].end + 96)
            end_labelled(&n->counted[row], text, n->length, found);
        if (n->counted[row].count && value == n->expected[row]) {
            grow(&n->counted[row], start, end);
            n->expected[row]++;
        }
    }
    int shorter = n->counted[1].count < n->counted[0].count;
    if (value <= 1 && n->counted[shorter].count < FEWEST) {
        n->counted[shorter].count = 0;
        grow(&n->counted[shorter], start, end);
        n->expected[shorter] = value + 1;
    }
    if (n->lined.count && (start > n->lined.end + NEAR || !memchr(text + n->lined.end, '\n', start - n->lined.end))) {
        if (start < n->lined.end + 8)
            return; /* a second number on the line: the character, it may be */
        end_labelled(&n->lined, text, n->length, found);
    }
    grow(&n->lined, start, end);
}

/* Whether a word is a number of up to three digits. */
static int is_label(const uint8_t *text, size_t start, size_t end)
{
    return end - start <= 3 && digit(text[start]) & digit(text[(start + end) / 2]) & digit(text[end - 1]);
}

static inline int has_digits(const uint8_t *block)
{
    return bits_of(are_digits(sixteen_at(block)) | are_digits(sixteen_at(block + 16)) | are_digits(sixteen_at(block + 32))
                   | are_digits(sixteen_at(block + 48))) != 0;
}

/* Whether the word that goes on at `at` has a digit before it. */
static int has_digit_before(const uint8_t *text, size_t at)
{
    while (at > 0 && lower(text[at - 1] | 0x20))
        at--;
    return at > 0 && digit(text[at - 1]);
}

/* What of a block stands beside a letter. */
static inline uint64_t beside(uint64_t letters, const uint8_t *text, size_t at, size_t length)
{
    uint64_t before = at > 0 && lower(text[at - 1] | 0x20), after = at + BLOCK < length && lower(text[at + BLOCK] | 0x20);
    return letters << 1 | before | letters >> 1 | after << 63;
}

/* Digits of a block that may have letters at both sides. */
static void see_between(struct row *row, const uint8_t *text, size_t at, uint64_t digits, size_t length, struct found *found)
{
    for (; digits; digits &= digits - 1) {
        size_t place = at + lowest(digits);
        if (place + 1 < length)
            see_inside(row, text, place, found);
    }
}

/* Of each word its first digit is looked at: of a number, or of one that is a label where other letters stand before it
 * than `x` or `u`. */
void find_numbers(const uint8_t *text, size_t length, struct found *found)
{
    struct numbers n = {.length = length};
    struct initials i = {.before = 0};
    uint8_t spare[BLOCK];
    for (size_t at = 0; at < length; at += BLOCK) {
        const uint8_t *block = block_at(text, at, length, spare);
        if (!has_digits(block))
            continue;
        uint64_t digits = digit_bits(block), words = alnum_bits(block), letters = words & ~digits;
        uint64_t inside = at > 0 && alnum(text[at - 1]), begun = words & ~(words << 1 | inside);
        /* added to the letters that a word begins with, a bit is carried to what stands after them */
        uint64_t after = letters + ((begun & letters) | inside);
        see_between(&n.inside, text, at, digits & (letters << 1 | inside) & (letters >> 1 | (uint64_t)1 << 63), length, found);
        if (!skips(found, PIECES))
            for (uint64_t mixed = digits & beside(letters, text, at, length); mixed; mixed &= mixed - 1)
                see_mixed(&n.mixed, text, at + lowest(mixed), length, found);
        for (uint64_t firsts = digits & (begun | (after & ~letters)); firsts; firsts &= firsts - 1) {
            unsigned bit = lowest(firsts);
            size_t start = at + bit, end = start + leading(words >> bit);
            if (inside && !(~letters & below(bit)) && has_digit_before(text, at))
                continue;
            while (end >= at + BLOCK && end < length && alnum(text[end]))
                end++;
            if (!(begun >> bit & 1) && (text[start - 1] | 0x20) != 'x' && (text[start - 1] | 0x20) != 'u') {
                if (is_label(text, start, end))
                    see_glued(&n, text, start, end, found);
                continue;
            }
            if (!skips(found, WORDS) && initial_digit(text, start, length))
                see_initial(&i, text, start, length, found);
            if (end - start <= 10)
                see_code(&n, text, start, end, found);
            if (is_label(text, start, end))
                see_label(&n, text, start, end, found);
        }
    }
    end_row(&n.codes, NUMBERS, found);
    end_labelled(&n.counted[0], text, length, found);
    end_labelled(&n.counted[1], text, length, found);
    end_labelled(&n.lined, text, length, found);
    end_labelled(&n.glued, text, length, found);
    end_unordered(&n.unordered, text, length, found);
    end_inside(&n.inside, text, found);
    end_mixed(&n.mixed, found);
    end_initials(&i, found);
}
