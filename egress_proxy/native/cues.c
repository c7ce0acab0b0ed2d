#include <string.h>

#include "cues.h"
#include "derive_bits.h"
#include "scan.h"

/* The lines of an ASCII text that hold one of a few words, in either case: `key tok pass pw cred cret auth`. Of these
 * two sorts, each copied to a place of its own: NAMED, where the word may be the name of a value, for what stands
 * around it; and SAID, where a sentence may tell a secret, for it has a digit or a sign that words have not. What an
 * expression of the one or the other sort needs is said in `scan/cues.py`, and tested there for each. */

#define WIDE 32
#define LONGEST 4 /* letters of a word */
#define SEED_REACH 64 /* from `secret` to what opens its words */
#define LONG 24   /* characters of a value that stands beside a name without a sign */

static inline uint8_t begins(const uint8_t *at)
{
    uint8_t a = at[0] | 0x20, b = at[1] | 0x20, c = at[2] | 0x20, d = at[3] | 0x20;
    return (uint8_t)(((a == 'k') & (b == 'e') & (c == 'y')) | ((a == 't') & (b == 'o') & (c == 'k')) |
                     ((a == 'p') & ((b == 'w') | ((b == 'a') & (c == 's') & (d == 's')))) |
                     ((a == 'c') & (b == 'r') & (c == 'e') & ((d == 't') | (d == 'd'))) |
                     ((a == 'a') & (b == 'u') & (c == 't') & (d == 'h')));
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(PORTABLE)
#include <immintrin.h>

/* By the lower and the upper half of a byte, which words it may be the first, second, third letter of: key 1, tok 2, pw 4,
 * pass 8, cred and cret 16, auth 32. Of the third one anything is allowed after `pw`. */
static const uint8_t LOWER[3][16] __attribute__((aligned(16))) = {
    {[0xB] = 1, [4] = 2, [0] = 4 | 8, [3] = 16, [1] = 32},
    {[5] = 1 | 32, [0xF] = 2, [7] = 4, [1] = 8, [2] = 16},
    {4, 4, 4, 4 | 8, 4 | 32, 4 | 16, 4, 4, 4, 4 | 1, 4, 4 | 2, 4, 4, 4, 4},
};
static const uint8_t UPPER[3][16] __attribute__((aligned(16))) = {
    {[4] = 1 | 16 | 32, [6] = 1 | 16 | 32, [5] = 2 | 4 | 8, [7] = 2 | 4 | 8},
    {[4] = 1 | 2 | 8, [6] = 1 | 2 | 8, [5] = 4 | 16 | 32, [7] = 4 | 16 | 32},
    {4, 4, 4, 4, 4 | 2 | 16, 4 | 1 | 8 | 32, 4 | 2 | 16, 4 | 1 | 8 | 32, 4, 4, 4, 4, 4, 4, 4, 4},
};

/* Where the next word begins, or where there is not enough left to look at. */
__attribute__((target("avx2"))) static const uint8_t *next_of_many(const uint8_t *from, const uint8_t *end)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i lower[3], upper[3];
    for (int letter = 0; letter < 3; letter++) {
        lower[letter] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)LOWER[letter]));
        upper[letter] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)UPPER[letter]));
    }
    for (; end - from >= WIDE + LONGEST - 1; from += WIDE) {
        __m256i words = _mm256_set1_epi8(-1);
        for (int letter = 0; letter < 3; letter++) {
            __m256i bytes = _mm256_loadu_si256((const __m256i *)(from + letter));
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
            words = _mm256_and_si256(words, _mm256_shuffle_epi8(lower[letter], _mm256_and_si256(bytes, half)));
            words = _mm256_and_si256(words, _mm256_shuffle_epi8(upper[letter], high));
        }
        uint32_t places = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(words, _mm256_setzero_si256()));
        for (; places; places &= places - 1)
            if (begins(from + lowest(places)))
                return from + lowest(places);
    }
    return from;
}

static const uint8_t *skip_many(const uint8_t *from, const uint8_t *end)
{
    return __builtin_cpu_supports("avx2") ? next_of_many(from, end) : from;
}
#else
static const uint8_t *skip_many(const uint8_t *from, const uint8_t *end)
{
    (void)end;
    return from;
}
#endif

/* Where the next word begins, or `end`. */
static const uint8_t *next_word(const uint8_t *from, const uint8_t *end)
{
    from = skip_many(from, end);
    while (end - from >= WIDE + LONGEST - 1) { /* without a branch a byte, so that compilers make it wide */
        uint8_t here[WIDE], any = 0;
        for (int at = 0; at < WIDE; at++)
            any |= here[at] = begins(from + at);
        if (any)
            return from + ((const uint8_t *)memchr(here, 1, WIDE) - here);
        from += WIDE;
    }
    for (; from < end; from++) {
        uint8_t last[LONGEST] = {0};
        memcpy(last, from, (size_t)(end - from) < LONGEST ? (size_t)(end - from) : LONGEST);
        if (begins(last))
            return from;
    }
    return end;
}

/* Whether a comma may be a sign: after the name of a header, which has a hyphen, or is `authorization` or `apikey`. */
static int of_header(const uint8_t *run, const uint8_t *end)
{
    for (; run < end; run++)
        if (*run == '-' || (end - run >= 3 && ((run[0] | 0x20) == 'a') &&
                            (((run[1] | 0x20) == 'u') | ((run[1] | 0x20) == 'p'))))
            return 1;
    return 0;
}

/* Whether a string of SQL opens at a place: an N may stand before its mark. */
static int opens(const uint8_t *at, const uint8_t *stop)
{
    at += at < stop && (*at | 0x20) == 'n';
    return at < stop && *at == '\'';
}

#define CELL_WORDS 3

/* Whether a line may be the header of a list: cells of a few words each, a sign between them. */
static int is_header(const uint8_t *at, const uint8_t *stop)
{
    int words = 0, signs = 0;
    while (at < stop) {
        if (kind(*at) & RUN) {
            if (++words > CELL_WORDS)
                return 0;
            while (at < stop && (kind(*at) & RUN))
                at++;
            continue;
        }
        if (*at == ',' || *at == ';' || *at == '\t') {
            signs++;
            words = 0;
        } else if (*at != ' ' && *at != '"' && *at != '\'' && *at != '\r' && *at != '\n') {
            return 0;
        }
        at++;
    }
    return signs > 0;
}

/* Whether a type may have ended there, before the sign: `password string = ...`, `nvarchar(50) = ...`, `pwd As String = ...`. */
static int is_type(const uint8_t *run, const uint8_t *at, const uint8_t *stop)
{
    if (at - run == 2 && (run[0] | 0x20) == 'a' && (run[1] | 0x20) == 's')
        for (at = past_blanks(at, stop); at < stop && is_letter(*at);)
            at++;
    while (at < stop && (*at == '(' || *at == ')' || *at == ' ' || (uint8_t)(*at - '0') < 10))
        at++;
    return at < stop && *at == '=';
}

/* Whether an element has an attribute there, before its text: `<password xml:lang="en">...`. */
static int is_attribute(const uint8_t *at, const uint8_t *stop)
{
    const uint8_t *start = at;
    while (at < stop && (is_letter(*at) || (uint8_t)(*at - '0') < 10 || *at == '_' || *at == ':' || *at == '.' || *at == '-'))
        at++;
    return at > start && stop - at > 1 && *at == '=' && (kind(at[1]) & QUOTE);
}

/* Whether what follows a name, or where it begins, tells that a value may be beside it. `password` tells whether the
 * word in it may be that. */
static int names(const uint8_t *run, const uint8_t *after, const uint8_t *stop, int password)
{
    if (*run == '-')
        return 1; /* an option of a command */
    const uint8_t *at = after;
    for (; at < stop && ((kind(*at) & CLOSES) || *at == '_'); at++)
        if ((kind(*at) & QUOTE) || (*at == '?' && at + 1 < stop && at[1] == '?'))
            return 1;
    at = past_blanks(at, stop);
    if (at == stop)
        return 0;
    const uint8_t *next = past_blanks(at + 1, stop);
    switch (*at) {
    case '=': case ':': case '|': case '>': case '!': case '[':
        return 1;
    case '+':
        return next < stop && *next == '=';
    case '?':
        return next < stop && (*next == '=' || *next == '?');
    case '-':
        return next < stop && *next == '>';
    case '<':
        return next < stop && *next == '-';
    case '(':
        return next < stop && ((kind(*next) & QUOTE) || opens(next, stop));
    case ',':
        return of_header(run, after);
    default:
        if (password && (opens(at, stop) || says_phrase(at, stop)))
            return 1;
        if (is_attribute(at, stop))
            return 1;
        at += (kind(*at) & QUOTE) != 0;
        const uint8_t *type = at;
        for (size_t length = 0; at < stop && (kind(*at) & RUN); at++)
            if (++length >= LONG)
                return 1;
        return is_type(type, at, stop);
    }
}

/* Whether a line is a table's, a heading, a command behind its prompt, ends in a colon or with a question, or compares with
 * something or ends it as code does. */
static int frames(const uint8_t *start, size_t length)
{
    const uint8_t *stop = start + length, *last = stop;
    while (last > start && ((kind(last[-1]) & BLANK) || last[-1] == '\n' || last[-1] == '*' || last[-1] == '_'))
        last--;
    if (last > start && (last[-1] == ':' || last[-1] == '?'))
        return 1;
    if (*start == '#' || *start == '$' || *start == '<' || *start == '[' || (*start == '*' && length > 1 && start[1] == '*'))
        return 1;
    if (memchr(start, '|', length))
        return 1;
    for (const uint8_t *at = start; (at = memchr(at, ';', (size_t)(stop - at))); at++)
        if (at > start && (kind(at[-1]) & QUOTE))
            return 1;
    for (const uint8_t *at = start; (at = memchr(at, '=', (size_t)(stop - at))); at++)
        if ((at > start && (at[-1] == '!' || at[-1] == '=')) || (at + 1 < stop && at[1] == '!'))
            return 1;
    for (const uint8_t *at = start; (at = memchr(at, '!', (size_t)(stop - at))); at++)
        if (at + 1 < stop && at[1] == '!')
            return 1;
    return 0;
}

/* Whether the words of a phrase may follow a run with a word: `passwordis ...`, `secret: (...`. All that may stand
 * between those of `password` and of the phrase has an s. */
static int of_phrase(const uint8_t *word, const uint8_t *after, const uint8_t *stop)
{
    if ((word[0] | 0x20) == 'c') {
        for (const uint8_t *at = word + LONGEST; at < stop && at - word <= SEED_REACH; at++)
            if (((kind(*at) & QUOTE) || *at == ':' || *at == '=' || *at == '(') && is_seed(at + 1, stop))
                return 1;
    } else if ((word[0] | 0x20) == 'p' && (word[1] | 0x20) == 'a') {
        for (word += LONGEST + 1; word < after; word++)
            if ((*word | 0x20) == 's')
                return 1;
    }
    return 0;
}

/* Whether a word may be of a name: `token` ends where it does, `tokens` names none. */
static int is_name(const uint8_t *word, const uint8_t *after)
{
    if ((word[0] | 0x20) != 't')
        return 1;
    return after - word >= 5 && (word[3] | 0x20) == 'e' && (word[4] | 0x20) == 'n' &&
           (after - word == 5 || !is_letter(word[5]));
}

/* Adds lines that begin at `start` and end before `stop`. */
void copy_lines(Copy *to, const uint8_t *text, const uint8_t *start, const uint8_t *stop)
{
    if (to->count == to->most)
        start = to->done; /* no room: then what stands between is taken as well */
    else if (to->done != start || !to->count)
        to->pieces[to->count++] = (Piece){to->size, (uint64_t)(start - text)};
    memcpy(to->out + to->size, start, (size_t)(stop - start));
    to->size += (uint64_t)(stop - start);
    to->done = stop;
}

/* Copies the lines of both sorts, each line with its newline, and writes where they are from: one piece for lines that
 * follow each other. */
EXPORT void cue_lines(const uint8_t *text, size_t length, Copy *named, Copy *said)
{
    named->size = named->count = said->size = said->count = 0;
    const uint8_t *end = text + length, *done = text; /* up to where lines are looked at */
    for (const uint8_t *word = next_word(text, end); word < end;) {
        const uint8_t *start = word, *stop = memchr(word, '\n', (size_t)(end - word));
        const uint8_t *before = last_byte(done, '\n', (size_t)(start - done));
        start = before ? before + 1 : done;
        stop = stop ? stop + 1 : end;
        int is_named = frames(start, (size_t)(stop - start)) || is_header(start, stop), is_said = 0;
        Line line = {start, stop, NULL, NULL, NULL, NULL, NULL};
        for (const uint8_t *read = start; word < stop && !(is_named && is_said);) {
            const uint8_t *run = word; /* all of a run is read once, however many words it has */
            while (run > read && (kind(run[-1]) & RUN))
                run--;
            for (read = word + 1; read < stop && (kind(*read) & RUN);)
                read++;
            int name = 0, password = 0;
            for (; word < read; word = next_word(word + 1, end)) {
                name |= is_name(word, read);
                password |= (word[0] | 0x20) == 'p';
                is_named = is_named || of_phrase(word, read, stop);
                is_said = is_said || says(&line, word, run, read);
            }
            is_named = is_named || (name && names(run, read, stop, password));
        }
        if (is_named)
            copy_lines(named, text, start, stop);
        if (is_said)
            copy_lines(said, text, start, stop);
        done = stop;
        if (word < stop)
            word = next_word(stop, end);
    }
}
