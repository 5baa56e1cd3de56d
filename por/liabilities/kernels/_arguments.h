/* What every function of the module does with its arguments: buffers, bounds, ragged tables, outcomes. */
#ifndef TALLYSTICK_ARGUMENTS_H
#define TALLYSTICK_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_sha256.h"

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

#endif
