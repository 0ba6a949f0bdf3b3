// Products that skip what is zero in the clamped input. Adding 0 · w changes no bit of a finite sum, and 81 % of the bytes of
// MNIST's training images are zero.
#pragma once

#include <algorithm>

#include "products.hpp"

namespace settle::SETTLE_ISA {

template <class T>
struct Lists {
  const std::int32_t* count;
  RowsOf<const std::int32_t> index;
  RowsOf<const T> value;

  explicit Lists(const Operation& operation)
      : count(operation.pointer<const std::int32_t>(B)),
        index{operation.pointer<const std::int32_t>(INDEX), operation.word(C_STRIDE)},
        value{operation.pointer<const T>(C), operation.word(C_STRIDE)} {}
};

template <class T>
void runListSamples(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  auto* const count = operation.pointer<std::int32_t>(B);
  const RowsOf<std::int32_t> index{operation.pointer<std::int32_t>(INDEX), operation.word(C_STRIDE)};
  const auto value = operation.rows<T>(C);
  const int columns = operation.word(COLUMNS);
  for (int row = rows.begin; row < rows.end; row++) {
    int entries = 0;
    for (int column = 0; column < columns; column++) {
      const T x = a[row][column];
      index[row][entries] = column;
      value[row][entries] = x;
      // NaN is not equal to zero: a bad input is listed, and seen later.
      entries += x != T(0);
    }
    count[row] = entries;
  }
}

// Every lane reads all lists and keeps the columns in its own range.
template <class T>
void runListColumns(const Operation& operation, int rows, Range columns) {
  const Lists<T> lists(operation);
  auto* const count = operation.pointer<std::int32_t>(D);
  const std::ptrdiff_t stride = operation.word(D_STRIDE);
  const RowsOf<std::int32_t> index{operation.pointer<std::int32_t>(WEIGHTS), stride};
  const RowsOf<T> value{operation.pointer<T>(OUT), stride};
  std::fill(count + columns.begin, count + columns.end, 0);
  for (int row = 0; row < rows; row++) {
    for (int e = 0; e < lists.count[row]; e++) {
      const int column = lists.index[row][e];
      if (column < columns.begin || column >= columns.end) continue;
      const int entry = count[column]++;
      index[column][entry] = row;
      value[column][entry] = lists.value[row][e];
    }
  }
}

// Rows of a panel that stay in the first cache while all samples use them.
constexpr int ROWS_AT_ONCE = 96;

// Adds the entries of one row's list from `e` on whose columns lie below `end`; returns where it stopped. Even and odd entries
// of the stretch in two chains, which are added.
template <class T, int VECTORS>
inline int gatherRow(const std::int32_t* index, const T* value, int e, int count, int end, const T* panel, T* to) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  V even[VECTORS], odd[VECTORS];
  UNROLLED for (int v = 0; v < VECTORS; v++) {
    even[v] = load<T>(to + v * W);
    odd[v] = V{};
  }
  while (e + 1 < count && index[e + 1] < end) {
    const T* const first = panel + std::ptrdiff_t(index[e]) * PANEL;
    const T* const second = panel + std::ptrdiff_t(index[e + 1]) * PANEL;
    const V x = splat(value[e]);
    const V y = splat(value[e + 1]);
    UNROLLED for (int v = 0; v < VECTORS; v++) {
      even[v] = multiplyAdd<T>(x, load<T>(first + v * W), even[v]);
      odd[v] = multiplyAdd<T>(y, load<T>(second + v * W), odd[v]);
    }
    e += 2;
  }
  if (e < count && index[e] < end) {
    const T* const last = panel + std::ptrdiff_t(index[e]) * PANEL;
    const V x = splat(value[e]);
    UNROLLED for (int v = 0; v < VECTORS; v++) even[v] = multiplyAdd<T>(x, load<T>(last + v * W), even[v]);
    e++;
  }
  UNROLLED for (int v = 0; v < VECTORS; v++) store<T>(to + v * W, even[v] + odd[v]);
  return e;
}

// Samples that pass together over a panel.
constexpr int SAMPLES_AT_ONCE = 256;

template <class T>
void runSparseProduct(const Operation& operation, Range rows, Range columns) {
  const Lists<T> lists(operation);
  const auto init = operation.rows<T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const T* const weights = operation.pointer<const T>(WEIGHTS);
  const int depth = operation.word(DEPTH);
  int next[SAMPLES_AT_ONCE];
  for (int first = rows.begin; first < rows.end; first += SAMPLES_AT_ONCE) {
    const int samples = std::min(SAMPLES_AT_ONCE, rows.end - first);
    inColumnBlocks<T>(columns, [&](int column, auto vectors) {
      const T* const panel = panelAt(weights, depth, column);
      for (int s = 0; s < samples; s++) {
        next[s] = 0;
        T* const to = out[first + s] + column;
        constexpr int ENTRIES = vectors.value * WIDTH<T>;
        if (init) std::copy(init[first + s] + column, init[first + s] + column + ENTRIES, to);
        else std::fill(to, to + ENTRIES, T(0));
      }
      for (int end = ROWS_AT_ONCE; end < depth + ROWS_AT_ONCE; end += ROWS_AT_ONCE) {
        for (int s = 0; s < samples; s++) {
          const int row = first + s;
          next[s] = gatherRow<T, vectors.value>(lists.index[row], lists.value[row], next[s], lists.count[row], end, panel,
                                                out[row] + column);
        }
      }
    });
  }
}

// Calls body(first column, integral constant of the number of vectors, and of panels) over the columns, several panels
// at once where the registers suffice: how many samples use an input unit is hard to predict, and costs the less the more
// is done with it.
template <class T, class Body>
inline void inWideBlocks(Range columns, Body body) {
  constexpr int PANELS = REGISTERS == 32 && BLOCK_VECTORS * WIDTH<T> == PANEL ? 4 : 1;
  int column = columns.begin;
  if constexpr (PANELS > 1) {
    for (; column + PANELS * PANEL <= columns.end; column += PANELS * PANEL) {
      body(column, std::integral_constant<int, BLOCK_VECTORS>{}, std::integral_constant<int, PANELS>{});
    }
  }
  inColumnBlocks<T>({column, columns.end}, [&](int at, auto vectors) {
    body(at, vectors, std::integral_constant<int, 1>{});
  });
}

template <class T>
void runSparseOuter(const Operation& operation, Range columns) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  const Lists<T> lists(operation);
  const auto a = operation.rows<const T>(A);
  T* const weights = operation.pointer<T>(WEIGHTS);
  const int depth = operation.word(DEPTH);
  inWideBlocks<T>(columns, [&](int column, auto vectors, auto panels) {
    constexpr int VECTORS = vectors.value;
    constexpr int PANELS = panels.value;
    T* const first = panelAt(weights, depth, column);
    const std::ptrdiff_t panelEntries = std::ptrdiff_t(depth) * PANEL;
    const T* const factors = a.at + column;
    for (int m = 0; m < depth; m++) {
      const int count = lists.count[m];
      if (count == 0) continue;
      const std::int32_t* const index = lists.index[m];
      const T* const value = lists.value[m];
      V sums[PANELS][VECTORS] = {};
      for (int e = 0; e < count; e++) {
        const V x = splat(value[e]);
        const T* const factor = factors + index[e] * a.stride;
        UNROLLED for (int p = 0; p < PANELS; p++) {
          UNROLLED for (int v = 0; v < VECTORS; v++) {
            sums[p][v] = multiplyAdd<T>(x, load<T>(factor + p * PANEL + v * W), sums[p][v]);
          }
        }
      }
      T* const to = first + std::ptrdiff_t(m) * PANEL;
      UNROLLED for (int p = 0; p < PANELS; p++) {
        UNROLLED for (int v = 0; v < VECTORS; v++) {
          T* const at = to + p * panelEntries + v * W;
          store<T>(at, load<T>(at) + sums[p][v]);
        }
      }
    }
  });
}

}  // namespace settle::SETTLE_ISA
