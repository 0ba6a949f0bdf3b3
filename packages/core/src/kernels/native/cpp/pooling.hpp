// How maps of convolutions are pooled, and what a pooling lets through on the way back.
#pragma once

#include <cmath>

#include "operation.hpp"
#include "simd.hpp"

namespace settle::SETTLE_ISA {

template <class T>
struct Windows {
  int kind;
  int area;
  int count;
  int channels;
  const std::int32_t* index;
  std::uint8_t* memory;
  std::ptrdiff_t memoryStride;

  explicit Windows(const Operation& operation)
      : kind(operation.word(KIND)),
        area(operation.word(AREA)),
        count(operation.word(POSITIONS)),
        channels(operation.word(COLUMNS)),
        index(operation.pointer<const std::int32_t>(INDEX)),
        memory(operation.pointer<std::uint8_t>(C)),
        memoryStride(operation.word(C_STRIDE)) {}

  // Of the convolved map, as far as any window reaches.
  int positions() const {
    int last = 0;
    for (int k = 0; k < count * area; k++) last = index[k] > last ? index[k] : last;
    return last + 1;
  }

  // MAX: which position each unit took, [windows, channels].
  std::int32_t* chosen(int row) const { return reinterpret_cast<std::int32_t*>(memory) + row * memoryStride; }
  // SOFT: ∂P/∂z of every position, [positions, channels].
  T* slopes(int row) const { return reinterpret_cast<T*>(memory) + row * memoryStride; }

  // Calls visit(position, J[position, c]) for every position through which unit (q, c) of the layer above was driven.
  template <class Visit>
  __attribute__((always_inline)) void eachSource(int row, int q, int c, T above, Visit visit) const {
    if (kind == MAX) {
      if (above != T(0)) visit(chosen(row)[std::ptrdiff_t(q) * channels + c], above);
      return;
    }
    const T share = area == 1 ? above : above / static_cast<T>(area);
    for (int within = 0; within < area; within++) {
      const int p = index[q * area + within];
      const T value = kind == AVERAGE ? share : above * slopes(row)[std::ptrdiff_t(p) * channels + c];
      if (value != T(0)) visit(p, value);
    }
  }
};

template <class T>
inline void storeChosen(std::int32_t* to, Bits<T> chosen) {
  if constexpr (sizeof(T) == 4) std::memcpy(to, &chosen, sizeof(chosen));
  else for (int i = 0; i < WIDTH<T>; i++) to[i] = static_cast<std::int32_t>(chosen[i]);
}

template <class T>
inline Vector<T> softened(const Windows<T>& windows, const T* map, T* slopes, int q, int c) {
  Vector<T> pooled{};
  for (int i = 0; i < WIDTH<T>; i++) {
    const auto at = [&](int within) { return std::ptrdiff_t(windows.index[q * windows.area + within]) * windows.channels + c + i; };
    T top = map[at(0)];
    for (int k = 1; k < windows.area; k++) top = map[at(k)] > top ? map[at(k)] : top;
    T sum = 0, weighted = 0;
    for (int k = 0; k < windows.area; k++) {
      const T share = std::exp(map[at(k)] - top);
      slopes[at(k)] = share;
      sum += share;
      weighted += share * map[at(k)];
    }
    const T mean = weighted / sum;
    for (int k = 0; k < windows.area; k++) slopes[at(k)] = slopes[at(k)] / sum * (T(1) + map[at(k)] - mean);
    pooled[i] = mean;
  }
  return pooled;
}

template <class T>
void runPool(const Operation& operation, Range rows) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  const Windows<T> windows(operation);
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<const T>(INIT);
  const auto out = operation.rows<T>(OUT);
  for (int row = rows.begin; row < rows.end; row++) {
    for (int q = 0; q < windows.count; q++) {
      const std::int32_t* const index = windows.index + std::ptrdiff_t(q) * windows.area;
      for (int c = 0; c < windows.channels; c += W) {
        const std::ptrdiff_t at = std::ptrdiff_t(q) * windows.channels + c;
        const auto entry = [&](int within) {
          return load<T>(a[row] + std::ptrdiff_t(index[within]) * windows.channels + c);
        };
        V pooled;
        if (windows.kind == MAX) {
          pooled = entry(0);
          Bits<T> chosen = Bits<T>{} + index[0];
          for (int within = 1; within < windows.area; within++) {
            const V candidate = entry(within);
            chosen = candidate > pooled ? Bits<T>{} + index[within] : chosen;
            pooled = candidate > pooled ? candidate : pooled;
          }
          storeChosen<T>(windows.chosen(row) + at, chosen);
        } else if (windows.kind == AVERAGE) {
          pooled = entry(0);
          for (int within = 1; within < windows.area; within++) pooled += entry(within);
          if (windows.area > 1) pooled = pooled / splat(static_cast<T>(windows.area));
        } else {
          pooled = softened<T>(windows, a[row], windows.slopes(row), q, c);
        }
        const V before = init ? load<T>(init[row] + at) : V{};
        store<T>(out[row] + at, before + pooled);
      }
    }
  }
}

}  // namespace settle::SETTLE_ISA
