// Sums over the batch: gradients of dense weights and of biases, and copies of weights in another order.
#pragma once

#include "products.hpp"

namespace settle::SETTLE_ISA {

template <class T>
struct Pair {
  RowsOf<const T> left;
  RowsOf<const T> right;
};

template <class T, int UNITS, int VECTORS>
__attribute__((always_inline)) inline void accumulate(const Pair<T>& pair, int rows, int unit, int column, Vector<T> (&sums)[UNITS][VECTORS]) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  const T* left = pair.left.at + unit;
  const T* right = pair.right.at + column;
#pragma GCC unroll 2
  for (int row = 0; row < rows; row++) {
    V y[VECTORS];
    UNROLLED for (int v = 0; v < VECTORS; v++) y[v] = load<T>(right + v * W);
    UNROLLED for (int m = 0; m < UNITS; m++) {
      const V x = splat(left[m]);
      UNROLLED for (int v = 0; v < VECTORS; v++) sums[m][v] = multiplyAdd<T>(x, y[v], sums[m][v]);
    }
    left += pair.left.stride;
    right += pair.right.stride;
  }
}

template <class T>
void runOuter(const Operation& operation, int rows, Range columns) {
  constexpr int W = WIDTH<T>;
  const Pair<T> first{operation.rows<const T>(A), operation.rows<const T>(B)};
  const Pair<T> second{operation.rows<const T>(C), operation.rows<const T>(D)};
  T* const weights = operation.pointer<T>(WEIGHTS);
  const int depth = operation.word(DEPTH);
  inColumnBlocks<T>(columns, [&](int column, auto vectors) {
    T* const panel = panelAt(weights, depth, column);
    inBlocks<BLOCK_ROWS_MOST>({0, depth}, [&](int unit, auto units) {
      constexpr int UNITS = units.value;
      constexpr int VECTORS = vectors.value;
      Vector<T> sums[UNITS][VECTORS] = {};
      accumulate<T, UNITS, VECTORS>(first, rows, unit, column, sums);
      if (second.left) accumulate<T, UNITS, VECTORS>(second, rows, unit, column, sums);
      UNROLLED for (int m = 0; m < UNITS; m++) {
        T* const to = panel + std::ptrdiff_t(unit + m) * PANEL;
        UNROLLED for (int v = 0; v < VECTORS; v++) store<T>(to + v * W, load<T>(to + v * W) + sums[m][v]);
      }
    });
  });
}

template <class T>
void runColumnSum(const Operation& operation, int rows, Range columns) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  const auto a = operation.rows<const T>(A);
  T* const sums = operation.pointer<T>(WEIGHTS);
  const V factor = splat(static_cast<T>(operation.number(FIRST)));
  for (int column = columns.begin; column < columns.end; column += W) {
    V sum{};
    for (int row = 0; row < rows; row++) sum += load<T>(a[row] + column);
    store<T>(sums + column, multiplyAdd<T>(factor, sum, load<T>(sums + column)));
  }
}

// Small squares, so that both sides stay in the cache. `units`: the rows k of the source that this lane moves.
template <class T>
void runTranspose(const Operation& operation, Range units) {
  const T* const from = operation.pointer<const T>(WEIGHTS);
  T* const to = operation.pointer<T>(OUT);
  const int depth = operation.word(DEPTH);
  const int columns = operation.word(COLUMNS);
  constexpr int SIDE = 16;
  for (int k0 = units.begin; k0 < units.end; k0 += SIDE) {
    const int k1 = k0 + SIDE < units.end ? k0 + SIDE : units.end;
    for (int c0 = 0; c0 < columns; c0 += SIDE) {
      const int c1 = c0 + SIDE < columns ? c0 + SIDE : columns;
      const T* const source = panelAt(from, depth, c0);
      T* const target = panelAt(to, columns, k0);
      for (int c = c0; c < c1; c++) {
        for (int k = k0; k < k1; k++) {
          target[std::ptrdiff_t(c) * PANEL + (k - k0)] = source[std::ptrdiff_t(k) * PANEL + (c - c0)];
        }
      }
    }
  }
}

// Rows of weights, one per unit above, as panels. `columns`: those units that this lane packs.
template <class T>
void runPack(const Operation& operation, Range columns) {
  const auto a = operation.rows<const T>(A);
  T* const panels = operation.pointer<T>(OUT);
  const int depth = operation.word(DEPTH);
  for (int c = columns.begin; c < columns.end; c++) {
    T* const to = panelAt(panels, depth, c);
    for (int k = 0; k < depth; k++) to[std::ptrdiff_t(k) * PANEL] = a[c][k];
  }
}

}  // namespace settle::SETTLE_ISA
