/* The compiled kernel of the liabilities trees: docs/spec/trees.md over flat arrays, through the buffer protocol.
 *
 * Callers (compiled.py) check shapes and index ranges; here only the sizes of buffers are checked again. Every function
 * works on a range of rows and without the GIL, so that threads share the work. Cost of one leaf of a big tree with
 * AVX-512: commitment 2 blocks, leaf 2, one node 3, i.e. 7 blocks of 11 ns and as much again for moving 300 bytes.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_proof.h"
#include "_ragged.h"
#include "_sha256.h"

enum { TAG_LEAF = 0x00, TAG_NODE = 0x01, TAG_ACCOUNT_NODE = 0x06, TAG_STATEMENT = 0x08 };

/* Constant last blocks: tag, padding, length in bits. */
static uint32_t tail_leaf[64], tail_node[64], tail_account_node[64];

static void make_tail(uint32_t *tail, uint8_t tag, uint64_t message_bytes) {
    uint8_t block[BLOCK] = {0};
    block[0] = tag;
    block[1] = 0x80;
    store64(block + BLOCK - 8, (message_bytes + 1) * 8);
    schedule(block, tail);
}

/* ---- arguments ---- */

static const uint8_t *bytes_of(const Py_buffer *b) { return b->buf; }
static uint8_t *room_of(const Py_buffer *b) { return b->buf; }

static hash_function engine(int index) {
    if (index < 0 || index >= ENGINES || !engine_functions[index]) {
        PyErr_SetString(PyExc_ValueError, "this engine is not available on this processor");
        return NULL;
    }
    return engine_functions[index];
}

/* Is the buffer at least rows * width bytes? Sets ValueError if not. */
static int holds(const Py_buffer *b, Py_ssize_t rows, Py_ssize_t width, const char *name) {
    if (rows < 0 || b->len / width < rows) {
        PyErr_Format(PyExc_ValueError, "%s is too short", name);
        return 0;
    }
    return 1;
}

static int range_ok(Py_ssize_t first, Py_ssize_t last) {
    if (first < 0 || last < first) {
        PyErr_SetString(PyExc_ValueError, "a range of rows runs from first to last");
        return 0;
    }
    return 1;
}

static void release(Py_buffer *const *buffers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (buffers[i]->obj) PyBuffer_Release(buffers[i]);
}

#define RELEASE(...)                                             \
    do {                                                         \
        Py_buffer *const all[] = {__VA_ARGS__};                  \
        release(all, sizeof all / sizeof all[0]);                \
    } while (0)

static uint64_t u64_at(const uint8_t *p, Py_ssize_t i) {
    uint64_t v;
    memcpy(&v, p + 8 * i, 8);
    return v;
}

static uint32_t u32_at(const uint8_t *p, Py_ssize_t i) {
    uint32_t v;
    memcpy(&v, p + 4 * i, 4);
    return v;
}

/* Entries end to end and their bounds. */
typedef struct {
    const uint8_t *data, *offsets;
    uint64_t size;
    Py_ssize_t count;
} blob;

static blob blob_of(const Py_buffer *data, const Py_buffer *offsets) {
    blob b = {bytes_of(data), bytes_of(offsets), (uint64_t)data->len, offsets->len / 8 - 1};
    return b;
}

/* Entry i; NULL if it does not exist. */
static const uint8_t *entry(const blob *b, uint64_t i, size_t *length) {
    uint64_t first, end;
    *length = 0;
    if (b->count < 0 || i >= (uint64_t)b->count) return NULL;
    first = u64_at(b->offsets, (Py_ssize_t)i);
    end = u64_at(b->offsets, (Py_ssize_t)i + 1);
    if (first > end || end > b->size) return NULL;
    *length = (size_t)(end - first);
    return b->data + first;
}

enum { FINE, NO_MEMORY, OUT_OF_RANGE, OVERFLOWED };

static PyObject *outcome(int result) {
    if (result == NO_MEMORY) return PyErr_NoMemory();
    if (result == OUT_OF_RANGE) {
        PyErr_SetString(PyExc_ValueError, "an index or an offset points outside its array");
        return NULL;
    }
    return PyBool_FromLong(result == FINE);
}

/* ---- messages of different lengths ---- */

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

/* ---- leaves and nodes ---- */

PyDoc_STRVAR(leaf_hashes_doc, "leaf_hashes(engine, nodes, first, last): the commitment in bytes 0 to 31 of each node\n"
                              "becomes the leaf hash over all 64.");
static PyObject *tree_leaf_hashes(PyObject *self, PyObject *args) {
    Py_buffer nodes;
    Py_ssize_t first, last;
    PyObject *answer = NULL;
    int index;
    (void)self;
    if (!PyArg_ParseTuple(args, "iw*nn", &index, &nodes, &first, &last)) return NULL;
    hash_function hash = engine(index);
    if (hash && range_ok(first, last) && holds(&nodes, last, 64, "nodes")) {
        uint8_t *base = room_of(&nodes);
        Py_BEGIN_ALLOW_THREADS
        while (first < last) {
            uint8_t *rows[LANES_MAX];
            size_t count = 0;
            for (; count < LANES_MAX && first < last; count++, first++) rows[count] = base + 64 * first;
            hash((const uint8_t *const *)rows, 1, tail_leaf, rows, count);
        }
        Py_END_ALLOW_THREADS
        answer = outcome(FINE);
    }
    RELEASE(&nodes);
    return answer;
}

/* The sums of two sum nodes into their parent; says if a claim or a debt went over 2^128-1. */
static int add_sums(const uint8_t *left, const uint8_t *right, uint8_t *parent) {
    int over = 0;
    for (int at = 32; at < 64; at += 16) {
        uint64_t a = load64(left + at + 8), b = load64(left + at), low = a + load64(right + at + 8);
        uint64_t partial = b + load64(right + at), high = partial + (low < a);
        over |= (partial < b) | (high < partial);
        store64(parent + at, high);
        store64(parent + at + 8, low);
    }
    return over;
}

typedef struct {
    hash_function hash;
    Py_ssize_t width;
} tree_kind;

/* Up to LANES_MAX parents; node i of the batch has the children at pairs[i]. */
static int parents_batch(const tree_kind *kind, const uint8_t *const *pairs, uint8_t *const *outs, size_t count) {
    int over = 0;
    kind->hash(pairs, (size_t)kind->width / 32, kind->width == 64 ? tail_node : tail_account_node, outs, count);
    if (kind->width == 64)
        for (size_t i = 0; i < count; i++) over |= add_sums(pairs[i], pairs[i] + 64, outs[i]);
    return over;
}

PyDoc_STRVAR(parents_doc, "parents(engine, width, children, out, first, last) -> bool: parents first to last-1 of\n"
                          "consecutive pairs; False if a sum went over 2^128-1.");
static PyObject *tree_parents(PyObject *self, PyObject *args) {
    Py_buffer children, out;
    Py_ssize_t first, last;
    PyObject *answer = NULL;
    int index, over = 0;
    tree_kind kind;
    (void)self;
    if (!PyArg_ParseTuple(args, "iny*w*nn", &index, &kind.width, &children, &out, &first, &last)) return NULL;
    kind.hash = engine(index);
    if (kind.hash && range_ok(first, last) && (kind.width == 64 || kind.width == 32) &&
        holds(&children, last, 2 * kind.width, "children") && holds(&out, last, kind.width, "out")) {
        const uint8_t *from = bytes_of(&children);
        uint8_t *to = room_of(&out);
        Py_BEGIN_ALLOW_THREADS
        while (first < last) {
            const uint8_t *pairs[LANES_MAX];
            uint8_t *outs[LANES_MAX];
            size_t count = 0;
            for (; count < LANES_MAX && first < last; count++, first++) {
                pairs[count] = from + 2 * kind.width * first;
                outs[count] = to + kind.width * first;
            }
            over |= parents_batch(&kind, pairs, outs, count);
        }
        Py_END_ALLOW_THREADS
        answer = outcome(over ? OVERFLOWED : FINE);
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "a node has 64 or 32 bytes");
    }
    RELEASE(&children, &out);
    return answer;
}

/* Refresh the ancestors of sorted slots, level by level; `dirty` is used up on the way. */
static int reroot(const tree_kind *kind, uint8_t *level, uint8_t *next, uint64_t capacity, uint64_t count,
                  uint64_t *dirty, size_t dirty_count) {
    int over = 0;
    while (count > 1) {
        const uint8_t *pairs[LANES_MAX];
        uint8_t *outs[LANES_MAX];
        size_t batch = 0, kept = 0;
        for (size_t i = 0; i < dirty_count; i++) {
            uint64_t parent = dirty[i] / 2;
            if (kept && dirty[kept - 1] == parent) continue;
            dirty[kept++] = parent;
            uint8_t *out = next + (uint64_t)kind->width * parent;
            const uint8_t *pair = level + 2 * (uint64_t)kind->width * parent;
            if (2 * parent + 1 == count) { /* promoted */
                memcpy(out, pair, (size_t)kind->width);
                continue;
            }
            pairs[batch] = pair;
            outs[batch++] = out;
            if (batch == LANES_MAX) {
                over |= parents_batch(kind, pairs, outs, batch);
                batch = 0;
            }
        }
        if (batch) over |= parents_batch(kind, pairs, outs, batch);
        dirty_count = kept;
        capacity = (capacity + 1) / 2;
        count = (count + 1) / 2;
        level = next;
        next += (uint64_t)kind->width * capacity;
    }
    return over;
}

PyDoc_STRVAR(reroot_doc, "reroot(engine, width, leaves, upper, count, dirty) -> bool: refresh the nodes above the dirty\n"
                         "slots (u64, sorted, overwritten) of a tree whose capacity is the length of `leaves`.");
static PyObject *tree_reroot(PyObject *self, PyObject *args) {
    Py_buffer leaves, upper, dirty;
    Py_ssize_t count;
    PyObject *answer = NULL;
    int index, over = 0;
    tree_kind kind;
    (void)self;
    if (!PyArg_ParseTuple(args, "inw*w*nw*", &index, &kind.width, &leaves, &upper, &count, &dirty)) return NULL;
    kind.hash = engine(index);
    if (kind.hash && (kind.width == 64 || kind.width == 32) && holds(&leaves, count, kind.width, "leaves")) {
        uint64_t capacity = (uint64_t)(leaves.len / kind.width), nodes = 0;
        size_t dirty_count = (size_t)dirty.len / 8;
        const uint8_t *slots = bytes_of(&dirty);
        int sorted = 1;
        for (uint64_t c = capacity; c > 1;) nodes += (c = (c + 1) / 2);
        for (size_t i = 0; i < dirty_count; i++) {
            sorted &= u64_at(slots, (Py_ssize_t)i) < (uint64_t)count;
            if (i) sorted &= u64_at(slots, (Py_ssize_t)i - 1) <= u64_at(slots, (Py_ssize_t)i);
        }
        if (!sorted) {
            PyErr_SetString(PyExc_ValueError, "dirty slots must be sorted and inside the tree");
        } else if (holds(&upper, (Py_ssize_t)nodes, kind.width, "upper")) {
            Py_BEGIN_ALLOW_THREADS
            over = reroot(&kind, room_of(&leaves), room_of(&upper), capacity, (uint64_t)count, dirty.buf, dirty_count);
            Py_END_ALLOW_THREADS
            answer = outcome(over ? OVERFLOWED : FINE);
        }
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "a node has 64 or 32 bytes");
    }
    RELEASE(&leaves, &upper, &dirty);
    return answer;
}

/* ---- grouping: a counting sort ---- */

PyDoc_STRVAR(group_doc, "group(accounts, bounds, rows): bounds u64[a + 1] and rows u64[m] of each account, stable.");
static PyObject *tree_group(PyObject *self, PyObject *args) {
    Py_buffer accounts, bounds, rows;
    PyObject *answer = NULL;
    int result = FINE;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*w*w*", &accounts, &bounds, &rows)) return NULL;
    Py_ssize_t count = accounts.len / 4, groups = bounds.len / 8 - 1;
    if (holds(&bounds, 1, 8, "bounds") && holds(&rows, count, 8, "rows")) {
        uint64_t *ends = bounds.buf, *out = rows.buf;
        const uint8_t *keys = bytes_of(&accounts);
        Py_BEGIN_ALLOW_THREADS
        memset(ends, 0, (size_t)bounds.len);
        for (Py_ssize_t i = 0; i < count && result == FINE; i++) {
            uint32_t key = u32_at(keys, i);
            if ((Py_ssize_t)key >= groups) result = OUT_OF_RANGE;
            else ends[key + 1]++;
        }
        if (result == FINE) {
            for (Py_ssize_t g = 0; g < groups; g++) ends[g + 1] += ends[g];
            /* ends[g] serves as the cursor of group g and ends as the bound of group g + 1: shift back afterwards. */
            for (Py_ssize_t i = 0; i < count; i++) out[ends[u32_at(keys, i)]++] = (uint64_t)i;
            memmove(ends + 1, ends, 8 * (size_t)groups);
            ends[0] = 0;
        }
        Py_END_ALLOW_THREADS
        answer = outcome(result);
    }
    RELEASE(&accounts, &bounds, &rows);
    return answer;
}

/* ---- proofs ---- */

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

static uint8_t *proof_leaf(const proofs *q, uint64_t row, uint8_t *p) {
    const statements *s = &q->s;
    const proof_tree *t = &q->trees[u32_at(s->tree, (Py_ssize_t)row)];
    uint64_t line, end, first;
    lines_of(s, row, &line, &end);
    p = write_bytes(p, t->head, t->head_size);
    p = write_amounts(p, s->amounts + 32 * row);
    p = write_bytes(p, t->middle, t->middle_size);
    for (first = line; line < end; line++) {
        if (line > first) p = WRITE(p, ",");
        p = WRITE(p, "{\"claim\":\"");
        p = write_amounts(p, s->line_bounds ? s->line_amounts + 32 * line : s->amounts + 32 * row);
        p = WRITE(p, "\",\"subaccount\":");
        if (s->line_bounds) {
            size_t length;
            const uint8_t *name = line_name(s, line, &length);
            p = write_bytes(p, name, length);
        } else {
            p = WRITE(p, "\"\"");
        }
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

/* ---- the module ---- */

PyDoc_STRVAR(engines_doc, "engines() -> names of the engines, by index; None where this processor has not got one.");
static PyObject *tree_engines(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    PyObject *names = PyTuple_New(ENGINES);
    if (!names) return NULL;
    for (int i = 0; i < ENGINES; i++) {
        PyObject *name = engine_functions[i] ? PyUnicode_FromString(ENGINE_NAMES[i]) : Py_NewRef(Py_None);
        if (!name || PyTuple_SetItem(names, i, name) < 0) {
            Py_DECREF(names);
            return NULL;
        }
    }
    return names;
}

static PyMethodDef methods[] = {{"engines", tree_engines, METH_NOARGS, engines_doc},
                                {"digests", tree_digests, METH_VARARGS, digests_doc},
                                {"salted", tree_salted, METH_VARARGS, salted_doc},
                                {"statements", tree_statements, METH_VARARGS, statements_doc},
                                {"leaf_hashes", tree_leaf_hashes, METH_VARARGS, leaf_hashes_doc},
                                {"parents", tree_parents, METH_VARARGS, parents_doc},
                                {"reroot", tree_reroot, METH_VARARGS, reroot_doc},
                                {"group", tree_group, METH_VARARGS, group_doc},
                                {"proofs", tree_proofs, METH_VARARGS, proofs_doc},
                                {NULL, NULL, 0, NULL}};

static int module_exec(PyObject *module) {
    (void)module;
    find_engines();
    make_base64();
    make_tail(tail_leaf, TAG_LEAF, 64);
    make_tail(tail_node, TAG_NODE, 128);
    make_tail(tail_account_node, TAG_ACCOUNT_NODE, 64);
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)module_exec}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_tree", "Hashing and tree building over flat arrays; see compiled.py.", 0, methods, slots,
    NULL,                  NULL,    NULL};

PyMODINIT_FUNC PyInit__tree(void) { return PyModuleDef_Init(&definition); }
