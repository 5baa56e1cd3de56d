/* Inclusion proofs as canonical JSON (docs/spec/proof.md), straight from the flat arrays.
 *
 * Cost of a proof of six leaves: about 12 KB of text, most of it base64 of 110 siblings that lie all over the trees; the
 * waiting for memory is about as long as the writing.
 */
#ifndef TALLYSTICK_PROOF_H
#define TALLYSTICK_PROOF_H

#include "_messages.h"
#include "_text.h"

typedef struct {
    statements s; /* names are JSON strings with their quotation marks here; out is not used */
    proof_tree account_tree, *trees;
    const uint8_t *account_slots, *kind;
    blob kinds;
    const uint8_t *begin, *middle, *end; /* the constant text of every proof */
    size_t begin_size, middle_size, end_size;
} proofs;

static uint64_t grouped_row(const statements *s, uint64_t i) { return s->rows ? u64_at(s->rows, (Py_ssize_t)i) : i; }

/* The most bytes that the proof of an account can have; 0 if an index is wrong. */
static size_t proof_bound(const proofs *q, Py_ssize_t account) {
    const statements *s = &q->s;
    uint64_t i = u64_at(s->bounds, account), end = u64_at(s->bounds, account + 1);
    size_t length, size = q->begin_size + q->middle_size + 12 + q->end_size + PLACE_SIZE;
    if (i > end || end > (uint64_t)s->leaves) return 0;
    if (u64_at(q->account_slots, account) >= q->account_tree.count) return 0;
    if (!entry(&q->kinds, q->kind[account], &length)) return 0;
    size += length + base64_size(path_size(&q->account_tree));
    for (; i < end; i++) {
        uint64_t row = grouped_row(s, i), line, line_end;
        if (row >= (uint64_t)s->leaves) return 0;
        uint32_t tree = u32_at(s->tree, (Py_ssize_t)row);
        if ((Py_ssize_t)tree >= s->trees.count || lines_of(s, row, &line, &line_end) != FINE) return 0;
        const proof_tree *t = &q->trees[tree];
        if (u64_at(s->slot, (Py_ssize_t)row) >= t->count) return 0;
        size += t->head_size + AMOUNTS_SIZE + t->middle_size + 2 + PLACE_SIZE + base64_size(path_size(t)) + 1;
        for (; line < line_end; line++) {
            if (!line_name(s, line, &length)) return 0;
            size += LINE_SIZE + length;
        }
    }
    return size;
}

/* Whether a leaf has the main subaccount's line alone, which is not written; names are JSON strings here. */
static int is_main_alone(const statements *s, uint64_t line, uint64_t end) {
    size_t length;
    if (!s->line_bounds) return 1;
    return end - line == 1 && line_name(s, line, &length) && length == 2;
}

static uint8_t *proof_leaf(const proofs *q, uint64_t row, uint8_t *p) {
    const statements *s = &q->s;
    const proof_tree *t = &q->trees[u32_at(s->tree, (Py_ssize_t)row)];
    uint64_t line, end, first;
    lines_of(s, row, &line, &end);
    p = write_bytes(p, t->head, t->head_size);
    p = write_amounts(p, s->amounts + 32 * row);
    p = write_bytes(p, t->middle, t->middle_size);
    if (is_main_alone(s, line, end)) line = end;
    for (first = line; line < end; line++) {
        size_t length;
        const uint8_t *name = line_name(s, line, &length);
        if (line > first) p = WRITE(p, ",");
        p = WRITE(p, "{\"claim\":\"");
        p = write_amounts(p, s->line_amounts + 32 * line);
        p = WRITE(p, "\",\"subaccount\":");
        p = write_bytes(p, name, length);
        p = WRITE(p, "}");
    }
    p = WRITE(p, "],");
    return write_place(p, t, u64_at(s->slot, (Py_ssize_t)row));
}

static uint8_t *proof_write(const proofs *q, Py_ssize_t account, uint8_t *p) {
    const statements *s = &q->s;
    uint64_t i = u64_at(s->bounds, account), end = u64_at(s->bounds, account + 1), first = i;
    size_t length;
    const uint8_t *kind = entry(&q->kinds, q->kind[account], &length);
    p = write_bytes(p, q->begin, q->begin_size);
    p = write_place(p, &q->account_tree, u64_at(q->account_slots, account));
    p = write_bytes(p, q->middle, q->middle_size);
    p = write_bytes(p, kind, length);
    p = WRITE(p, "\",\"leaves\":["); /* the 12 of proof_bound */
    for (; i < end; i++) {
        if (i > first) p = WRITE(p, ",");
        p = proof_leaf(q, grouped_row(s, i), p);
    }
    return write_bytes(p, q->end, q->end_size);
}

static void proof_prefetch(const proofs *q, Py_ssize_t account) {
    const statements *s = &q->s;
    uint64_t i = u64_at(s->bounds, account), end = u64_at(s->bounds, account + 1);
    prefetch_place(&q->account_tree, u64_at(q->account_slots, account));
    for (; i < end; i++) {
        uint64_t row = grouped_row(s, i);
        prefetch_place(&q->trees[u32_at(s->tree, (Py_ssize_t)row)], u64_at(s->slot, (Py_ssize_t)row));
    }
}

/* Proofs of first to last-1 as far as there is room; their ends at `ends`. Gives the account to go on with, or -1. */
static Py_ssize_t proofs_range(const proofs *q, Py_ssize_t first, Py_ssize_t last, uint8_t *out, size_t room,
                               uint64_t *ends) {
    uint8_t *p = out;
    size_t bound = first < last ? proof_bound(q, first) : 0;
    for (; first < last; first++) {
        if (!bound) return -1;
        if (bound > room - (size_t)(p - out)) return first;
        size_t next = first + 1 < last ? proof_bound(q, first + 1) : 0;
        if (next) proof_prefetch(q, first + 1);
        p = proof_write(q, first, p);
        *ends++ = (uint64_t)(p - out);
        bound = next;
    }
    return first;
}

/* One (leaves, upper, count, salts, head, middle) from Python; the buffers stay held until `held` is released. */
static int proof_tree_from(PyObject *tuple, Py_ssize_t width, proof_tree *t, Py_buffer held[5]) {
    Py_ssize_t count;
    memset(t, 0, sizeof *t);
    if (!PyArg_ParseTuple(tuple, "y*y*ny*y*y*", &held[0], &held[1], &count, &held[2], &held[3], &held[4])) return 0;
    t->width = (size_t)width;
    t->count = (uint64_t)count;
    t->salts = bytes_of(&held[2]);
    t->head = bytes_of(&held[3]), t->head_size = (size_t)held[3].len;
    t->middle = bytes_of(&held[4]), t->middle_size = (size_t)held[4].len;
    if (count >= 0 && proof_tree_shape(t, bytes_of(&held[0]), (uint64_t)held[0].len, bytes_of(&held[1]),
                                       (uint64_t)held[1].len, (uint64_t)held[2].len))
        return 1;
    PyErr_SetString(PyExc_ValueError, "the arrays of a tree do not fit its number of leaves");
    return 0;
}

typedef struct {
    proof_tree *trees;
    Py_buffer *held;
    Py_ssize_t count;
} proof_forest;

static void proof_forest_free(proof_forest *f) {
    if (f->held)
        for (Py_ssize_t i = 0; i < 5 * f->count; i++)
            if (f->held[i].obj) PyBuffer_Release(&f->held[i]);
    free(f->held);
    free(f->trees);
}

/* The account tree first, then the asset trees. */
static int proof_forest_from(PyObject *tuple, proof_forest *f) {
    f->count = PyTuple_Size(tuple);
    if (f->count < 1) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "there is no account tree");
        return 0;
    }
    f->trees = calloc((size_t)f->count, sizeof *f->trees);
    f->held = calloc(5 * (size_t)f->count, sizeof *f->held);
    if (!f->trees || !f->held) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < f->count; i++) {
        PyObject *item = PyTuple_GetItem(tuple, i);
        if (!item || !proof_tree_from(item, i ? 64 : 32, &f->trees[i], f->held + 5 * i)) return 0;
    }
    return 1;
}

PyDoc_STRVAR(proofs_doc, "proofs(forest, begin, middle, end, kind, kind_data, kind_offsets, account_slots, bounds, rows,\n"
                         "       tree, slot, amounts, line_bounds, line_name, line_amounts, name_data, name_offsets,\n"
                         "       out, ends, first, last) -> int: the account to go on with.");
static PyObject *tree_proofs(PyObject *self, PyObject *args) {
    Py_buffer b[19];
    Py_buffer *begin = &b[0], *middle = &b[1], *end = &b[2], *kind = &b[3], *slots = &b[6], *bounds = &b[7];
    Py_buffer *rows = &b[8], *tree = &b[9], *slot = &b[10], *amounts = &b[11], *line_bounds = &b[12];
    Py_buffer *names = &b[13], *line_amounts = &b[14], *out = &b[17], *ends = &b[18];
    Py_ssize_t first, last, next = -1;
    PyObject *tuple, *answer = NULL;
    proof_forest forest = {NULL, NULL, 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "O!y*y*y*y*y*y*y*y*z*y*y*y*z*y*y*y*y*w*w*nn", &PyTuple_Type, &tuple, begin, middle, end,
                          kind, &b[4], &b[5], slots, bounds, rows, tree, slot, amounts, line_bounds, names,
                          line_amounts, &b[15], &b[16], out, ends, &first, &last))
        return NULL;
    Py_ssize_t leaves = tree->len / 4, lines = names->len / 4;
    if (proof_forest_from(tuple, &forest) && range_ok(first, last) && holds(bounds, last + 1, 8, "bounds") &&
        holds(slots, last, 8, "account_slots") && holds(kind, last, 1, "kind") && holds(slot, leaves, 8, "slot") &&
        holds(amounts, leaves, 32, "amounts") && (!rows->buf || holds(rows, leaves, 8, "rows")) &&
        (!line_bounds->buf || holds(line_bounds, leaves + 1, 8, "line_bounds")) &&
        holds(line_amounts, lines, 32, "line_amounts") && holds(ends, last - first, 8, "ends")) {
        blob no_names = {NULL, NULL, 0, forest.count - 1};
        proofs q = {{bytes_of(bounds), bytes_of(rows), bytes_of(tree), bytes_of(slot), bytes_of(amounts),
                     bytes_of(line_bounds), bytes_of(names), bytes_of(line_amounts), no_names,
                     blob_of(&b[15], &b[16]), leaves, lines, NULL},
                    forest.trees[0], forest.trees + 1, bytes_of(slots), bytes_of(kind), blob_of(&b[4], &b[5]),
                    bytes_of(begin), bytes_of(middle), bytes_of(end),
                    (size_t)begin->len, (size_t)middle->len, (size_t)end->len};
        Py_BEGIN_ALLOW_THREADS
        next = proofs_range(&q, first, last, room_of(out), (size_t)out->len, ends->buf);
        Py_END_ALLOW_THREADS
        answer = next < 0 ? outcome(OUT_OF_RANGE) : PyLong_FromSsize_t(next);
    }
    proof_forest_free(&forest);
    for (size_t i = 0; i < sizeof b / sizeof b[0]; i++)
        if (b[i].obj) PyBuffer_Release(&b[i]);
    return answer;
}

#endif
