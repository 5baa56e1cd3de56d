/* Messages of different lengths, gathered by their number of blocks until there are enough for a wide engine. */
#ifndef TALLYSTICK_RAGGED_H
#define TALLYSTICK_RAGGED_H

#include "_sha256.h"

#include <stdlib.h>

#define QUEUE_BLOCKS_MAX 24

typedef struct {
    uint8_t *buffer; /* LANES_MAX messages of the same number of blocks */
    uint8_t *outs[LANES_MAX];
    size_t fill;
} queue;

typedef struct {
    hash_function hash;
    queue queues[QUEUE_BLOCKS_MAX + 1];
    uint8_t *single; /* one message longer than any queue holds */
    size_t single_size;
    uint8_t *single_out;
    size_t single_blocks;
} gatherer;

static void gatherer_open(gatherer *g, hash_function hash) {
    memset(g, 0, sizeof *g);
    g->hash = hash;
}

static void queue_flush(gatherer *g, size_t blocks) {
    queue *q = &g->queues[blocks];
    const uint8_t *messages[LANES_MAX];
    for (size_t i = 0; i < q->fill; i++) messages[i] = q->buffer + i * blocks * BLOCK;
    g->hash(messages, blocks, NULL, q->outs, q->fill);
    q->fill = 0;
}

/* Room for a message of `length` bytes, padding already behind it; NULL if there is no memory.
 * The caller writes exactly `length` bytes and then calls gatherer_done. */
static uint8_t *gatherer_room(gatherer *g, size_t length, uint8_t *out) {
    size_t blocks = (length + 9 + BLOCK - 1) / BLOCK;
    uint8_t *message;
    if (blocks <= QUEUE_BLOCKS_MAX) {
        queue *q = &g->queues[blocks];
        if (!q->buffer && !(q->buffer = malloc(LANES_MAX * blocks * BLOCK))) return NULL;
        if (q->fill == LANES_MAX) queue_flush(g, blocks);
        message = q->buffer + q->fill * blocks * BLOCK;
        q->outs[q->fill++] = out;
    } else {
        if (g->single_size < blocks * BLOCK) {
            uint8_t *larger = realloc(g->single, 2 * blocks * BLOCK);
            if (!larger) return NULL;
            g->single = larger;
            g->single_size = 2 * blocks * BLOCK;
        }
        message = g->single;
        g->single_out = out;
        g->single_blocks = blocks;
    }
    memset(message + length, 0, blocks * BLOCK - length);
    message[length] = 0x80;
    store64(message + blocks * BLOCK - 8, (uint64_t)length * 8);
    return message;
}

static void gatherer_done(gatherer *g) {
    if (g->single_out) {
        const uint8_t *messages[1] = {g->single};
        uint8_t *outs[1] = {g->single_out};
        g->hash(messages, g->single_blocks, NULL, outs, 1);
        g->single_out = NULL;
    }
}

/* Hash what still waits and give back the memory. */
static void gatherer_close(gatherer *g) {
    for (size_t blocks = 1; blocks <= QUEUE_BLOCKS_MAX; blocks++) {
        if (g->queues[blocks].fill) queue_flush(g, blocks);
        free(g->queues[blocks].buffer);
    }
    free(g->single);
}

#endif
