/* Messages of different lengths: ragged tables, commitments and account leaves, statements (trees.md 1 and 5). */
#ifndef TALLYSTICK_MESSAGES_H
#define TALLYSTICK_MESSAGES_H

#include "_arguments.h"
#include "_ragged.h"

#define TAG_STATEMENT 0x08

static int digests_range(gatherer *g, const blob *messages, uint8_t *out) {
    for (Py_ssize_t i = 0; i < messages->count; i++) {
        size_t length;
        const uint8_t *message = entry(messages, (uint64_t)i, &length);
        if (!message) return OUT_OF_RANGE;
        uint8_t *room = gatherer_room(g, length, out + DIGEST * i);
        if (!room) return NO_MEMORY;
        memcpy(room, message, length);
        gatherer_done(g);
    }
    return FINE;
}

PyDoc_STRVAR(digests_doc, "digests(engine, data, offsets, out): SHA-256 of each entry of a blob.");
static PyObject *tree_digests(PyObject *self, PyObject *args) {
    Py_buffer data, offsets, out;
    PyObject *answer = NULL;
    int index, result;
    (void)self;
    if (!PyArg_ParseTuple(args, "iy*y*w*", &index, &data, &offsets, &out)) return NULL;
    hash_function hash = engine(index);
    blob messages = blob_of(&data, &offsets);
    if (hash && holds(&out, messages.count, DIGEST, "out")) {
        Py_BEGIN_ALLOW_THREADS
        gatherer g;
        gatherer_open(&g, hash);
        result = digests_range(&g, &messages, room_of(&out));
        gatherer_close(&g);
        Py_END_ALLOW_THREADS
        answer = outcome(result);
    }
    RELEASE(&data, &offsets, &out);
    return answer;
}

typedef struct {
    const uint8_t *context, *salts, *accounts, *suffixes, *amounts, *slots;
    blob identities;
    uint8_t *out;
    Py_ssize_t rows, stride;
    uint8_t tag;
} salted;

#define AHEAD 24 /* rows, about a microsecond of work */

/* context(32) | salt(32) | identity | [suffix(32)] | tag, its digest at out[slot]; amounts beside it if given. */
static int salted_range(gatherer *g, const salted *s, Py_ssize_t first, Py_ssize_t last) {
    for (Py_ssize_t row = first; row < last; row++) {
        if (s->slots && row + AHEAD < last) { /* Slots are random: each would wait for memory twice. */
            uint64_t later = u64_at(s->slots, row + AHEAD);
            prefetch(s->salts + 32 * later);
            prefetch(s->out + s->stride * (Py_ssize_t)later);
        }
        uint64_t slot = s->slots ? u64_at(s->slots, row) : (uint64_t)row;
        size_t length;
        const uint8_t *identity = entry(&s->identities, u32_at(s->accounts, row), &length);
        if (!identity || slot >= (uint64_t)s->rows) return OUT_OF_RANGE;
        uint8_t *out = s->out + s->stride * (Py_ssize_t)slot;
        size_t suffix = s->suffixes ? DIGEST : 0;
        uint8_t *room = gatherer_room(g, 64 + length + suffix + 1, out);
        if (!room) return NO_MEMORY;
        memcpy(room, s->context, 32);
        memcpy(room + 32, s->salts + 32 * slot, 32);
        memcpy(room + 64, identity, length);
        if (suffix) memcpy(room + 64 + length, s->suffixes + DIGEST * row, DIGEST);
        room[64 + length + suffix] = s->tag;
        if (s->amounts) memcpy(out + DIGEST, s->amounts + 32 * row, 32);
        gatherer_done(g);
    }
    return FINE;
}

PyDoc_STRVAR(salted_doc, "salted(engine, tag, context, salts, accounts, id_data, id_offsets, suffixes, amounts, slots,\n"
                         "       out, first, last): commitments (out u8[n,32]), commitments beside amounts (u8[n,64]) or\n"
                         "       account leaves (suffixes = statement hashes).");
static PyObject *tree_salted(PyObject *self, PyObject *args) {
    Py_buffer context, salts, accounts, data, offsets, suffixes, amounts, slots, out;
    Py_ssize_t first, last;
    PyObject *answer = NULL;
    int index, result;
    unsigned char tag;
    (void)self;
    if (!PyArg_ParseTuple(args, "iby*y*y*y*y*z*z*z*w*nn", &index, &tag, &context, &salts, &accounts, &data, &offsets,
                          &suffixes, &amounts, &slots, &out, &first, &last))
        return NULL;
    hash_function hash = engine(index);
    Py_ssize_t rows = accounts.len / 4, stride = amounts.buf ? 64 : 32;
    if (hash && range_ok(first, last) && last <= rows && holds(&context, 1, 32, "context") &&
        holds(&salts, rows, 32, "salts") && holds(&out, rows, stride, "out") &&
        (!suffixes.buf || holds(&suffixes, rows, DIGEST, "suffixes")) &&
        (!amounts.buf || holds(&amounts, rows, 32, "amounts")) && (!slots.buf || holds(&slots, rows, 8, "slots"))) {
        salted s = {bytes_of(&context), bytes_of(&salts),          bytes_of(&accounts), bytes_of(&suffixes),
                    bytes_of(&amounts), bytes_of(&slots),          blob_of(&data, &offsets),
                    room_of(&out),      rows,                      stride,              tag};
        Py_BEGIN_ALLOW_THREADS
        gatherer g;
        gatherer_open(&g, hash);
        result = salted_range(&g, &s, first, last);
        gatherer_close(&g);
        Py_END_ALLOW_THREADS
        answer = outcome(result);
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "last is over the number of rows");
    }
    RELEASE(&context, &salts, &accounts, &data, &offsets, &suffixes, &amounts, &slots, &out);
    return answer;
}

/* ---- statements ---- */

typedef struct {
    const uint8_t *bounds, *rows, *tree, *slot, *amounts, *line_bounds, *line_name, *line_amounts;
    blob trees, names;
    Py_ssize_t leaves, lines;
    uint8_t *out;
} statements;

#define LEAF_FIXED (8 + 32 + 4)

/* The lines of a leaf row, or one line that is not stored; OUT_OF_RANGE if they are not there. */
static int lines_of(const statements *s, uint64_t row, uint64_t *first, uint64_t *end) {
    *first = 0, *end = 1;
    if (!s->line_bounds) return FINE;
    *first = u64_at(s->line_bounds, (Py_ssize_t)row);
    *end = u64_at(s->line_bounds, (Py_ssize_t)row + 1);
    return *first < *end && *end <= (uint64_t)s->lines ? FINE : OUT_OF_RANGE;
}

static const uint8_t *line_name(const statements *s, uint64_t line, size_t *length) {
    static const uint8_t main_subaccount[4] = {0, 0, 0, 0};
    *length = sizeof main_subaccount;
    return s->line_bounds ? entry(&s->names, u32_at(s->line_name, (Py_ssize_t)line), length) : main_subaccount;
}

/* Length of a leaf's part of the statement; 0 if an index is wrong. */
static size_t leaf_length(const statements *s, uint64_t row) {
    size_t length, name;
    uint64_t line, end;
    if (row >= (uint64_t)s->leaves || !entry(&s->trees, u32_at(s->tree, (Py_ssize_t)row), &length)) return 0;
    if (lines_of(s, row, &line, &end) != FINE) return 0;
    for (length += LEAF_FIXED; line < end; line++) {
        if (!line_name(s, line, &name)) return 0;
        length += name + 32;
    }
    return length;
}

static uint8_t *leaf_write(const statements *s, uint64_t row, uint8_t *p) {
    size_t length;
    uint64_t line, end;
    const uint8_t *name = entry(&s->trees, u32_at(s->tree, (Py_ssize_t)row), &length);
    lines_of(s, row, &line, &end);
    memcpy(p, name, length);
    p += length;
    store64(p, u64_at(s->slot, (Py_ssize_t)row));
    memcpy(p + 8, s->amounts + 32 * row, 32);
    store32(p + 40, (uint32_t)(end - line));
    p += LEAF_FIXED;
    for (; line < end; line++) {
        name = line_name(s, line, &length);
        memcpy(p, name, length);
        memcpy(p + length, s->line_bounds ? s->line_amounts + 32 * line : s->amounts + 32 * row, 32);
        p += length + 32;
    }
    return p;
}

static int statements_range(gatherer *g, const statements *s, Py_ssize_t first, Py_ssize_t last) {
    for (Py_ssize_t account = first; account < last; account++) {
        uint64_t begin = u64_at(s->bounds, account), end = u64_at(s->bounds, account + 1);
        if (begin >= end || end > (uint64_t)s->leaves) return OUT_OF_RANGE;
        size_t length = 4 + 1;
        for (uint64_t i = begin; i < end; i++) {
            size_t part = leaf_length(s, s->rows ? u64_at(s->rows, (Py_ssize_t)i) : i);
            if (!part) return OUT_OF_RANGE;
            length += part;
        }
        uint8_t *p = gatherer_room(g, length, s->out + DIGEST * account);
        if (!p) return NO_MEMORY;
        store32(p, (uint32_t)(end - begin));
        p += 4;
        for (uint64_t i = begin; i < end; i++) p = leaf_write(s, s->rows ? u64_at(s->rows, (Py_ssize_t)i) : i, p);
        *p = TAG_STATEMENT;
        gatherer_done(g);
    }
    return FINE;
}

PyDoc_STRVAR(statements_doc, "statements(engine, bounds, rows, tree, slot, amounts, tree_data, tree_offsets, line_bounds,\n"
                             "           line_name, line_amounts, name_data, name_offsets, out, first, last)");
static PyObject *tree_statements(PyObject *self, PyObject *args) {
    Py_buffer bounds, rows, tree, slot, amounts, tree_data, tree_offsets, line_bounds, line_name_, line_amounts;
    Py_buffer name_data, name_offsets, out;
    Py_ssize_t first, last;
    PyObject *answer = NULL;
    int index, result;
    (void)self;
    if (!PyArg_ParseTuple(args, "iy*z*y*y*y*y*y*z*y*y*y*y*w*nn", &index, &bounds, &rows, &tree, &slot, &amounts,
                          &tree_data, &tree_offsets, &line_bounds, &line_name_, &line_amounts, &name_data,
                          &name_offsets, &out, &first, &last))
        return NULL;
    hash_function hash = engine(index);
    Py_ssize_t leaves = tree.len / 4, lines = line_name_.len / 4;
    if (hash && range_ok(first, last) && holds(&bounds, last + 1, 8, "bounds") && holds(&out, last, DIGEST, "out") &&
        holds(&slot, leaves, 8, "slot") && holds(&amounts, leaves, 32, "amounts") &&
        (!rows.buf || holds(&rows, leaves, 8, "rows")) &&
        (!line_bounds.buf || holds(&line_bounds, leaves + 1, 8, "line_bounds")) &&
        holds(&line_amounts, lines, 32, "line_amounts")) {
        statements s = {bytes_of(&bounds),       bytes_of(&rows),
                        bytes_of(&tree),         bytes_of(&slot),
                        bytes_of(&amounts),      bytes_of(&line_bounds),
                        bytes_of(&line_name_),   bytes_of(&line_amounts),
                        blob_of(&tree_data, &tree_offsets), blob_of(&name_data, &name_offsets),
                        leaves,                  lines,
                        room_of(&out)};
        Py_BEGIN_ALLOW_THREADS
        gatherer g;
        gatherer_open(&g, hash);
        result = statements_range(&g, &s, first, last);
        gatherer_close(&g);
        Py_END_ALLOW_THREADS
        answer = outcome(result);
    }
    RELEASE(&bounds, &rows, &tree, &slot, &amounts, &tree_data, &tree_offsets, &line_bounds, &line_name_,
            &line_amounts, &name_data, &name_offsets, &out);
    return answer;
}

#endif
