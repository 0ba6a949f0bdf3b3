// Products of rows with packed weights.
//
// A block of rows times a few vectors of columns stays in registers while k runs through a whole panel, so that each
// loaded vector of weights serves all rows of the block. Every entry is one chain of multiply-adds over ascending k, whatever
// the block: neither the number of rows nor the sharing of the work changes a bit.
#pragma once

#include <algorithm>

#include "operation.hpp"
#include "simd.hpp"

namespace settle::SETTLE_ISA {

// Rows and vectors of a register block: the sums, one row's factor and the weights fit the registers.
constexpr int BLOCK_ROWS_MOST = REGISTERS == 32 ? 6 : REGISTER_BYTES == 32 ? 6 : 4;
constexpr int BLOCK_VECTORS = REGISTERS == 32 ? 4 : 2;

// Calls body(first row, integral constant of the number of rows) over `rows`, in blocks as equal as can be.
template <int MOST, class Body>
inline void inBlocks(Range rows, Body body);

template <class Body, int... COUNTS>
inline void withCount(int count, std::integer_sequence<int, COUNTS...>, Body body) {
  (void)((count == COUNTS + 1 ? (body(std::integral_constant<int, COUNTS + 1>{}), true) : false) || ...);
}

template <int MOST, class Body>
inline void inBlocks(Range rows, Body body) {
  const int count = rows.end - rows.begin;
  if (count <= 0) return;
  const int blocks = (count + MOST - 1) / MOST;
  for (int block = 0; block < blocks; block++) {
    const Range range = part(count, blocks, block);
    withCount(range.end - range.begin, std::make_integer_sequence<int, MOST>{},
              [&](auto size) { body(rows.begin + range.begin, size); });
  }
}

template <class T, int ROWS, int VECTORS>
inline void multiplyBlock(const T* a, std::ptrdiff_t aStride, const T* weights, int depth, RowsOf<T> init, const T* gain,
                          RowsOf<T> out, int row, int column) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  V sums[ROWS][VECTORS] = {};
  if (gain == nullptr && init) {
    UNROLLED for (int r = 0; r < ROWS; r++) {
      UNROLLED for (int v = 0; v < VECTORS; v++) sums[r][v] = load<T>(init[row + r] + column + v * W);
    }
  }
  for (int k = 0; k < depth; k++) {
    V w[VECTORS];
    UNROLLED for (int v = 0; v < VECTORS; v++) w[v] = load<T>(weights + std::ptrdiff_t(k) * PANEL + v * W);
    UNROLLED for (int r = 0; r < ROWS; r++) {
      const V x = splat(a[r * aStride + k]);
      UNROLLED for (int v = 0; v < VECTORS; v++) sums[r][v] = multiplyAdd<T>(x, w[v], sums[r][v]);
    }
  }
  if (gain != nullptr) {
    UNROLLED for (int r = 0; r < ROWS; r++) {
      UNROLLED for (int v = 0; v < VECTORS; v++) {
        const V before = init ? load<T>(init[row + r] + column + v * W) : V{};
        sums[r][v] = multiplyAdd<T>(load<T>(gain + column + v * W), sums[r][v], before);
      }
    }
  }
  UNROLLED for (int r = 0; r < ROWS; r++) {
    UNROLLED for (int v = 0; v < VECTORS; v++) store<T>(out[row + r] + column + v * W, sums[r][v]);
  }
}

// Calls body(first column, integral constant of the number of vectors) over whole vectors of the panels in `columns`.
template <class T, class Body>
inline void inColumnBlocks(Range columns, Body body) {
  constexpr int W = WIDTH<T>;
  int column = columns.begin;
  for (; column + BLOCK_VECTORS * W <= columns.end; column += BLOCK_VECTORS * W) {
    body(column, std::integral_constant<int, BLOCK_VECTORS>{});
  }
  const int left = (columns.end - column) / W;
  if constexpr (BLOCK_VECTORS > 1) {
    if (left > 0) {
      withCount(left, std::make_integer_sequence<int, BLOCK_VECTORS - 1>{}, [&](auto count) { body(column, count); });
    }
  }
}

// Panels lie one behind the other; a column block never crosses from one to the next.
template <class T>
inline T* panelAt(T* weights, int depth, int column) {
  return weights + std::ptrdiff_t(column / PANEL) * depth * PANEL + column % PANEL;
}

template <class T>
void runProduct(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const T* const weights = operation.pointer<const T>(WEIGHTS);
  const T* const gain = operation.pointer<const T>(GAIN);
  const int depth = operation.word(DEPTH);
  inColumnBlocks<T>(columns, [&](int column, auto vectors) {
    const T* const panel = panelAt(weights, depth, column);
    inBlocks<BLOCK_ROWS_MOST>(rows, [&](int row, auto count) {
      multiplyBlock<T, count, vectors>(a[row], a.stride, panel, depth, init, gain, out, row, column);
    });
  });
}

// Partial sums in 16 chains, added 8 apart, then 4, 2 and 1.
constexpr int CHAINS = 16;

template <class T>
struct Chains {
  static constexpr int VECTORS = CHAINS / WIDTH<T>;
  Vector<T> part[VECTORS];
};

#if defined(__AVX512F__)
template <int HALF, int... I>
inline Vector<float> folded(Vector<float> x, Vector<float> y, std::integer_sequence<int, I...>) {
  // Blocks of HALF entries, alternately of x and of y, each the sum of two blocks that lie HALF apart.
  const Vector<float> first = __builtin_shufflevector(x, y, (I / HALF % 2 * CHAINS + I / (2 * HALF) * 2 * HALF + I % HALF)...);
  const Vector<float> second =
      __builtin_shufflevector(x, y, (I / HALF % 2 * CHAINS + I / (2 * HALF) * 2 * HALF + HALF + I % HALF)...);
  return first + second;
}

// Entry j of the result is the sum of vector j: all of them reduced together, in a tree of shuffles.
template <int COUNT>
inline Vector<float> sumEach(const Chains<float>* sums) {
  using V = Vector<float>;
  constexpr auto all = std::make_integer_sequence<int, CHAINS>{};
  V level[8];
  UNROLLED for (int i = 0; i < 8; i++) {
    const V x = i < COUNT ? sums[i].part[0] : V{};
    const V y = i + 8 < COUNT ? sums[i + 8].part[0] : V{};
    level[i] = i < COUNT ? folded<8>(x, y, all) : V{};
  }
  UNROLLED for (int i = 0; i < 4; i++) level[i] = folded<4>(level[i], level[i + 4], all);
  UNROLLED for (int i = 0; i < 2; i++) level[i] = folded<2>(level[i], level[i + 2], all);
  return folded<1>(level[0], level[1], all);
}
#endif

template <class T>
inline T sumOf(const Chains<T>& sums) {
  alignas(64) T chains[CHAINS];
  UNROLLED for (int v = 0; v < Chains<T>::VECTORS; v++) store<T>(chains + v * WIDTH<T>, sums.part[v]);
  for (int half = CHAINS / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) chains[i] += chains[i + half];
  }
  return chains[0];
}

// Units above that are summed at once for ROWS rows: their chains fill most of the registers.
template <class T, int ROWS>
constexpr int UNITS_MOST = std::max(1, (REGISTERS * 13 / 16) / (ROWS * Chains<T>::VECTORS));

// Adds up the chains of one row and writes what the units from `unit` on are driven with.
template <class T, int UNITS>
inline void finishThin(const Chains<T>* sums, RowsOf<const T> init, const T* gain, RowsOf<T> out, int row, int unit) {
  alignas(64) T totals[CHAINS] = {};
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    store<T>(totals, sumEach<UNITS>(sums));
  } else
#endif
  {
    for (int j = 0; j < UNITS; j++) totals[j] = sumOf(sums[j]);
  }
  for (int j = 0; j < UNITS; j++) {
    const T before = init ? init[row][unit + j] : T(0);
    out[row][unit + j] = gain == nullptr ? before + totals[j] : multiplyAdd(gain[unit + j], totals[j], before);
  }
}

template <class T, int ROWS, int UNITS>
inline void multiplyThin(RowsOf<const T> a, const T* weights, int depth, int columns, RowsOf<const T> init,
                         const T* gain, RowsOf<T> out, int row, int unit) {
  constexpr int W = WIDTH<T>;
  Chains<T> sums[ROWS][UNITS] = {};
  for (int column = 0; column < columns; column += CHAINS) {
    const T* const w = panelAt(weights, depth, column) + std::ptrdiff_t(unit) * PANEL;
    UNROLLED for (int v = 0; v < Chains<T>::VECTORS; v++) {
      Vector<T> x[ROWS];
      UNROLLED for (int r = 0; r < ROWS; r++) x[r] = load<T>(a[row + r] + column + v * W);
      UNROLLED for (int j = 0; j < UNITS; j++) {
        const Vector<T> wj = load<T>(w + j * PANEL + v * W);
        UNROLLED for (int r = 0; r < ROWS; r++) sums[r][j].part[v] = multiplyAdd<T>(x[r], wj, sums[r][j].part[v]);
      }
    }
  }
  UNROLLED for (int r = 0; r < ROWS; r++) finishThin<T, UNITS>(sums[r], init, gain, out, row + r, unit);
}

template <class T>
void runThinProduct(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<const T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const T* const weights = operation.pointer<const T>(WEIGHTS);
  const T* const gain = operation.pointer<const T>(GAIN);
  const int depth = operation.word(DEPTH);
  const int columns = operation.word(COLUMNS);
  inBlocks<2>(rows, [&](int row, auto count) {
    constexpr int MOST = std::min(UNITS_MOST<T, count>, THIN);
    inBlocks<MOST>({0, depth}, [&](int unit, auto units) {
      multiplyThin<T, count, units>(a, weights, depth, columns, init, gain, out, row, unit);
    });
    for (int r = 0; r < count; r++) std::fill(out[row + r] + depth, out[row + r] + THIN, T(0));
  });
}

}  // namespace settle::SETTLE_ISA
