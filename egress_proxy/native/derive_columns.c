#include "derive_rows.h"

#include <string.h>

/* Columns of words: those of rows that are the same so-manieth, counted from either end. */

#define LONGEST_PIECE 40 /* characters of a word */
#define MOST_COLUMNS  12 /* words of a row, from either end */
#define MOST_DOWN     12 /* rows of what may be read downwards */
#define SHORTEST_DOWN 3
#define LAST_PERIOD   10 /* words of a row, where a line has several */
#define NUMBERS       1000

/* Words one after the other, of which `text` is known. */
struct picked {
    const struct word *of[MOST_WORDS];
    size_t count;
};

/* Whether these were written before, from `first` on. */
static int was_seen(struct columns *columns, size_t first, size_t count)
{
    const uint32_t *own = columns->out + 2 * first;
    uint32_t hash = 2166136261U;
    for (size_t at = 0; at < 2 * count; at++)
        hash = (hash ^ own[at]) * 16777619U;
    hash ^= hash >> 15;
    uint32_t slot = hash % SEEN_SLOTS;
    for (; columns->slots[slot]; slot = (slot + 1) % SEEN_SLOTS) {
        const struct column *other = columns->seen + columns->slots[slot] - 1;
        if (other->hash == hash && other->count == count
            && memcmp(columns->out + 2 * (size_t)other->first, own, 2 * count * sizeof *own) == 0)
            return 1;
    }
    if (columns->seen_count < MOST_SEEN) {
        columns->seen[columns->seen_count++] = (struct column){(uint32_t)first, (uint32_t)count, hash};
        columns->slots[slot] = (uint16_t)columns->seen_count;
    }
    return 0;
}

/* Write the words from `first` on, which stand in `out`, as a text. */
static void write_text(struct columns *columns, size_t first, size_t count)
{
    size_t size = count;
    for (size_t at = first; at < first + count; at++)
        size += columns->out[2 * at + 1];
    if (columns->size + size <= columns->text_room) {
        uint8_t *to = columns->text + columns->size;
        for (size_t at = first; at < first + count; at++) {
            memcpy(to, columns->region.text + columns->out[2 * at] - columns->region.home, columns->out[2 * at + 1]);
            to += columns->out[2 * at + 1];
            *to++ = '\n';
        }
    }
    columns->size += size;
}

static inline void put(struct columns *columns, size_t at, size_t start, size_t end)
{
    columns->out[2 * at] = (uint32_t)(start + columns->region.home);
    columns->out[2 * at + 1] = (uint32_t)(end - start);
}

/* One more column is written, of so many words, if it is another one. */
static void written(struct columns *columns, size_t count)
{
    if (was_seen(columns, columns->count, count))
        return;
    write_text(columns, columns->count, count);
    columns->count += count;
}

static int has_room(struct columns *columns, size_t count)
{
    if (columns->count + count <= columns->room)
        return 1;
    columns->count += count; /* nothing is compared with it, or written any more */
    columns->room = 0;
    return 0;
}

static void write_words(struct columns *columns, const struct picked *words, int backwards)
{
    if (!words->count || !has_room(columns, words->count))
        return;
    for (size_t at = 0; at < words->count; at++) {
        const struct word *word = words->of[backwards ? words->count - 1 - at : at];
        put(columns, columns->count + at, word->start, word->end);
    }
    written(columns, words->count);
}

/* The first character of each, then the second one, where all are as long. */
static void write_downwards(struct columns *columns, const struct picked *words)
{
    size_t longest = 0, shortest = LONGEST_REGION, all = 0;
    for (size_t at = 0; at < words->count; at++) {
        size_t length = (size_t)words->of[at]->end - words->of[at]->start;
        longest = length > longest ? length : longest;
        shortest = length < shortest ? length : shortest;
        all += length;
    }
    if (longest < SHORTEST_DOWN || longest > shortest + 1 || words->count > MOST_DOWN || !has_room(columns, all))
        return;
    size_t to = columns->count;
    for (size_t place = 0; place < longest; place++)
        for (size_t at = 0; at < words->count; at++) {
            size_t start = words->of[at]->start + place;
            if (start < words->of[at]->end)
                put(columns, to++, start, start + 1);
        }
    written(columns, all);
}

static int are_same(const struct region *region, const struct word *one, const struct word *other)
{
    size_t length = (size_t)one->end - one->start;
    return one->hash == other->hash && length == (size_t)other->end - other->start
        && memcmp(region->codes + region->width * one->start, region->codes + region->width * other->start, region->width * length) == 0;
}

/* How many of the words are different. */
static size_t different_of(const struct region *region, const struct picked *words)
{
    const struct word *slots[2 * MOST_WORDS];
    size_t size = 16, different = 0;
    while (size < 2 * words->count)
        size *= 2;
    memset(slots, 0, size * sizeof *slots);
    for (size_t at = 0; at < words->count; at++) {
        size_t slot = (words->of[at]->hash ^ words->of[at]->hash >> 15) & (size - 1);
        while (slots[slot] && !are_same(region, slots[slot], words->of[at]))
            slot = (slot + 1) & (size - 1);
        different += !slots[slot];
        slots[slot] = words->of[at];
    }
    return different;
}

/* Whether each is as long as the one before and not less, or longer: numbers that count. The words are ASCII. */
static int are_counted(const struct region *region, const struct picked *words)
{
    for (size_t at = 1; at < words->count; at++) {
        const struct word *one = words->of[at - 1], *other = words->of[at];
        size_t length = (size_t)one->end - one->start, next = (size_t)other->end - other->start;
        if (length > next || (length == next && memcmp(region->text + one->start, region->text + other->start, length) > 0))
            return 0;
    }
    return 1;
}

/* Whether they are different, and look random, or are numbers of characters. */
static int may_be_pieces(const struct region *region, const struct picked *words)
{
    size_t mixed = 0, codes = 0, count = words->count;
    for (size_t at = 0; at < count; at++) {
        mixed += words->of[at]->mixed;
        codes += words->of[at]->code;
    }
    int random = mixed * OF_ROWS >= count, coded = codes == count && count >= FEWEST;
    if (!random && !coded)
        return 0;
    size_t different = different_of(region, words);
    if (random && different > 1 && 2 * different >= count)
        return 1;
    return coded && 2 * different >= FEWEST && !are_counted(region, words);
}

/* The first number of a row; -1 where it has none. */
static int number_of(const struct region *region, const struct word *first, const struct word *last)
{
    for (; first < last; first++) {
        int number = 0;
        size_t at = first->start;
        for (; at < first->end && at < (size_t)first->start + 3 && digit(region->text[at]); at++)
            number = 10 * number + region->text[at] - '0';
        if (at == first->end)
            return number;
    }
    return -1;
}

/* The order of the rows by the first number of each, where that is another one; whether it is. */
static int order_of(const struct region *region, const struct table *table, uint8_t order[MOST_ROWS])
{
    uint8_t row_of[NUMBERS] = {0}; /* one more than the row */
    int before = -1, up = 1, down = 1;
    for (size_t row = 0; row < table->count; row++) {
        int number = number_of(region, table->first[row], table->last[row]);
        if (number < 0 || row_of[number])
            return 0;
        row_of[number] = (uint8_t)(row + 1);
        up &= row == 0 || number > before;
        down &= row == 0 || number < before;
        before = number;
    }
    if (up || down)
        return 0;
    for (size_t number = 0, at = 0; number < NUMBERS; number++)
        if (row_of[number])
            order[at++] = row_of[number] - 1;
    return 1;
}

/* The word of a row that is the so-manieth, counted from the left or from the right. */
static const struct word *word_at(const struct table *table, size_t row, size_t place, int right)
{
    size_t count = (size_t)(table->last[row] - table->first[row]);
    return place >= count ? NULL : right ? table->last[row] - 1 - place : table->first[row] + place;
}

/* What is longer is no piece, and hides none: characters glued to one word would leave out all of its column. */
static int is_piece(const struct word *word) { return word->end - word->start <= LONGEST_PIECE; }

/* The words of a column that may be pieces; whether it has any words. */
static int pick(struct picked *words, const struct table *table, size_t place, int right, const uint8_t *order)
{
    int any = 0;
    words->count = 0;
    for (size_t row = 0; row < table->count; row++) {
        const struct word *word = word_at(table, order ? order[row] : row, place, right);
        any |= word != NULL;
        if (word && is_piece(word))
            words->of[words->count++] = word;
    }
    return any;
}

static void see_columns(struct columns *columns, const struct table *table, int right, const uint8_t *order)
{
    for (size_t place = 0; place < MOST_COLUMNS; place++) {
        struct picked words;
        if (!pick(&words, table, place, right, NULL))
            return;
        if (!may_be_pieces(&columns->region, &words))
            continue;
        write_words(columns, &words, 0);
        write_words(columns, &words, 1);
        write_downwards(columns, &words);
        if (order) {
            pick(&words, table, place, right, order);
            write_words(columns, &words, 0);
        }
    }
}

/* The columns of a table whose rows have one word at least. */
void see_table(struct columns *columns, const struct table *table)
{
    uint8_t order[MOST_ROWS];
    int uneven = 0;
    if (table->count < 2)
        return;
    int ordered = order_of(&columns->region, table, order);
    see_columns(columns, table, 0, ordered ? order : NULL);
    for (size_t row = 1; row < table->count; row++)
        uneven |= table->last[row] - table->first[row] != table->last[0] - table->first[0];
    if (uneven)
        see_columns(columns, table, 1, ordered ? order : NULL);
}

/* Of the words of one line all from the last to the first, and every second one, every third, and so on. */
void see_periods(struct columns *columns, const struct word *words, size_t count)
{
    struct picked picked = {.count = 0};
    for (size_t at = 0; at < count; at++)
        if (is_piece(words + at))
            picked.of[picked.count++] = words + at;
    write_words(columns, &picked, 1);
    for (size_t period = 2; period <= LAST_PERIOD; period++)
        for (size_t first = 0; first < period && first < count; first++) {
            picked.count = 0;
            for (size_t at = first; at < count; at += period)
                if (is_piece(words + at))
                    picked.of[picked.count++] = words + at;
            if (picked.count > 2 && may_be_pieces(&columns->region, &picked))
                write_words(columns, &picked, 0);
        }
}
