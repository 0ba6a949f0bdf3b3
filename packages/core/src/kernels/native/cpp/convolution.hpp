// Convolutions of single samples. Maps lie position by position with all channels side by side; several positions share
// every loaded vector of weights.
#pragma once

#include <cmath>

#include "operation.hpp"
#include "products.hpp"
#include "simd.hpp"

namespace settle::SETTLE_ISA {

template <class T>
void runPlace(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  const auto out = operation.rows<T>(OUT);
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const int positions = operation.word(POSITIONS);
  const int channels = operation.word(COLUMNS);
  for (int row = rows.begin; row < rows.end; row++) {
    for (int p = 0; p < positions; p++) {
      const T* const from = a[row] + std::ptrdiff_t(p) * channels;
      T* const to = out[row] + offsets[p];
      for (int c = 0; c < channels; c++) to[c] = from[c];
    }
  }
}

template <class T>
void runPick(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<const T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const int positions = operation.word(POSITIONS);
  const int channels = operation.word(COLUMNS);
  for (int row = rows.begin; row < rows.end; row++) {
    for (int p = 0; p < positions; p++) {
      const T* const from = a[row] + offsets[p];
      const std::ptrdiff_t at = std::ptrdiff_t(p) * channels;
      for (int c = 0; c < channels; c++) out[row][at + c] = (init ? init[row][at + c] : T(0)) + from[c];
    }
  }
}

struct Taps {
  const std::int32_t* offsets;
  int count;
  int channels;

  explicit Taps(const Operation& operation)
      : offsets(operation.pointer<const std::int32_t>(TAP_OFFSETS)),
        count(operation.word(TAPS)),
        channels(operation.word(DEPTH)) {}

  // Calls body(first tap, entries) for every stretch of taps that lie side by side in a map, as those of one row do.
  template <class Body>
  void eachStretch(Body body) const {
    for (int first = 0; first < count;) {
      int next = first + 1;
      while (next < count && offsets[next] == offsets[next - 1] + channels) next++;
      body(first, (next - first) * channels);
      first = next;
    }
  }
};

// Positions of a block; with few vectors above, more of them fit the registers.
template <int VECTORS>
constexpr int POSITIONS_MOST = VECTORS <= 2 && REGISTERS == 32 ? 8 : BLOCK_ROWS_MOST;

template <class T, int COUNT, int VECTORS>
inline void convolveBlock(const T* map, const std::int32_t* positions, const Taps& taps, const T* panel, const T* init,
                          T* out, std::ptrdiff_t outStride) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  V sums[COUNT][VECTORS];
  UNROLLED for (int p = 0; p < COUNT; p++) {
    UNROLLED for (int v = 0; v < VECTORS; v++) sums[p][v] = init == nullptr ? V{} : load<T>(init + p * outStride + v * W);
  }
  const T* w = panel;
  taps.eachStretch([&](int first, int entries) __attribute__((always_inline)) {
    const T* from[COUNT];
    UNROLLED for (int p = 0; p < COUNT; p++) from[p] = map + positions[p] + taps.offsets[first];
#pragma GCC unroll 2
    for (int k = 0; k < entries; k++) {
      V weights[VECTORS];
      UNROLLED for (int v = 0; v < VECTORS; v++) weights[v] = load<T>(w + v * W);
      w += PANEL;
      UNROLLED for (int p = 0; p < COUNT; p++) {
        const V x = splat(from[p][k]);
        UNROLLED for (int v = 0; v < VECTORS; v++) sums[p][v] = multiplyAdd<T>(x, weights[v], sums[p][v]);
      }
    }
  });
  UNROLLED for (int p = 0; p < COUNT; p++) {
    UNROLLED for (int v = 0; v < VECTORS; v++) store<T>(out + p * outStride + v * W, sums[p][v]);
  }
}

template <class T>
void runConvolve(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<const T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const T* const weights = operation.pointer<const T>(WEIGHTS);
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const int positions = operation.word(POSITIONS);
  const int columns = operation.word(COLUMNS);
  const Taps taps(operation);
  for (int row = rows.begin; row < rows.end; row++) {
    inColumnBlocks<T>({0, columns}, [&](int column, auto vectors) {
      const T* const panel = panelAt(weights, taps.count * taps.channels, column);
      inBlocks<POSITIONS_MOST<vectors>>({0, positions}, [&](int p, auto count) {
        const std::ptrdiff_t at = std::ptrdiff_t(p) * columns + column;
        convolveBlock<T, count, vectors>(a[row], offsets + p, taps, panel, init ? init[row] + at : nullptr, out[row] + at,
                                         columns);
      });
    });
  }
}

}  // namespace settle::SETTLE_ISA
