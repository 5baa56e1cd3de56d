/* The compiled kernel of the liabilities trees: docs/spec/trees.md over flat arrays, through the buffer protocol.
 *
 * Callers (compiled.py) check shapes and index ranges; here only the sizes of buffers are checked again. Every function
 * works on a range of rows and without the GIL, so that threads share the work. Cost of one leaf of a big tree with
 * AVX-512: commitment 2 blocks, leaf 2, one node 3, i.e. 7 blocks of 11 ns and as much again for moving 300 bytes.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_arguments.h"
#include "_messages.h"
#include "_proof.h"
#include "_sha256.h"

enum { TAG_LEAF = 0x00, TAG_NODE = 0x01, TAG_ACCOUNT_NODE = 0x06 };

/* Constant last blocks: tag, padding, length in bits. */
static uint32_t tail_leaf[64], tail_node[64], tail_account_node[64];

static void make_tail(uint32_t *tail, uint8_t tag, uint64_t message_bytes) {
    uint8_t block[BLOCK] = {0};
    block[0] = tag;
    block[1] = 0x80;
    store64(block + BLOCK - 8, (message_bytes + 1) * 8);
    schedule(block, tail);
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
