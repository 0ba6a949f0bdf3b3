// Convolutions backwards: to the layer below, and to the weights.
//
// Only what a pooling let through is followed: behind a max pooling of 2 x 2 that is a quarter of the map.
#pragma once

#include <vector>

#include "convolution.hpp"
#include "pooling.hpp"

namespace settle::SETTLE_ISA {

// What is not zero of J at one position and channel, and the row of weights or of the map that it multiplies.
template <class T>
struct Share {
  T value;
  const T* row;
};

// Vectors of the target that stay in registers while shares are added to them.
constexpr int TARGET_VECTORS = REGISTERS == 32 ? 10 : 8;

template <class T, int VECTORS, bool FROM_ZERO>
inline void addShares(const Share<T>* shares, int count, std::ptrdiff_t offset, T* to) {
  using V = Vector<T>;
  constexpr int W = WIDTH<T>;
  V sums[VECTORS] = {};
  if (!FROM_ZERO) {
    UNROLLED for (int v = 0; v < VECTORS; v++) sums[v] = load<T>(to + v * W);
  }
  for (int k = 0; k < count; k++) {
    const V x = splat(shares[k].value);
    const T* const from = shares[k].row + offset;
    UNROLLED for (int v = 0; v < VECTORS; v++) sums[v] = multiplyAdd<T>(x, load<T>(from + v * W), sums[v]);
  }
  UNROLLED for (int v = 0; v < VECTORS; v++) {
    store<T>(to + v * W, FROM_ZERO ? load<T>(to + v * W) + sums[v] : sums[v]);
  }
}

// to[i] += Σ shares value · row[offset + i], i < entries; FROM_ZERO sums first and adds the sum.
template <class T, bool FROM_ZERO>
inline void addAllShares(const Share<T>* shares, int count, std::ptrdiff_t offset, T* to, int entries) {
  constexpr int W = WIDTH<T>;
  const int vectors = entries / W;
  int done = 0;
  for (; done + TARGET_VECTORS <= vectors; done += TARGET_VECTORS) {
    addShares<T, TARGET_VECTORS, FROM_ZERO>(shares, count, offset + done * W, to + done * W);
  }
  withCount(vectors - done, std::make_integer_sequence<int, TARGET_VECTORS - 1>{}, [&](auto left) {
    addShares<T, left.value, FROM_ZERO>(shares, count, offset + done * W, to + done * W);
  });
  for (int i = vectors * W; i < entries; i++) {
    T sum = FROM_ZERO ? T(0) : to[i];
    for (int k = 0; k < count; k++) sum = multiplyAdd(shares[k].value, shares[k].row[offset + i], sum);
    to[i] = FROM_ZERO ? to[i] + sum : sum;
  }
}

// Channels above whose weights for one stretch of taps stay in the first cache while all positions use them.
constexpr int CHANNELS_AT_ONCE = 32;

// The shares of one sample by block of channels and position: the block's channels in order, as many as `count`.
template <class T>
struct SharesByPosition {
  std::vector<Share<T>> shares;
  std::vector<int> count;
  int positions;

  // Grows once for a network and then stays.
  void clear(int blocks, int positionsOfMap) {
    positions = positionsOfMap;
    const std::size_t lists = std::size_t(blocks) * positions;
    if (shares.size() < lists * CHANNELS_AT_ONCE) shares.resize(lists * CHANNELS_AT_ONCE);
    count.assign(lists, 0);
  }
  void add(int channel, int position, Share<T> share) {
    const std::size_t list = std::size_t(channel / CHANNELS_AT_ONCE) * positions + position;
    shares[list * CHANNELS_AT_ONCE + count[list]++] = share;
  }
};

template <class T>
void runUnconvolve(const Operation& operation, Range rows) {
  const Windows<T> windows(operation);
  const Taps taps(operation);
  const auto a = operation.rows<const T>(A);
  const auto out = operation.rows<T>(OUT);
  const RowsOf<const T> weights{operation.pointer<const T>(WEIGHTS), operation.word(D_STRIDE)};
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const int blocks = (windows.channels + CHANNELS_AT_ONCE - 1) / CHANNELS_AT_ONCE;
  static thread_local SharesByPosition<T> lists;
  for (int row = rows.begin; row < rows.end; row++) {
    lists.clear(blocks, windows.positions());
    for (int q = 0; q < windows.count; q++) {
      const T* const above = a[row] + std::ptrdiff_t(q) * windows.channels;
      for (int c = 0; c < windows.channels; c++) {
        windows.eachSource(row, q, c, above[c], [&](int p, T value) { lists.add(c, p, {value, weights[c]}); });
      }
    }
    taps.eachStretch([&](int first, int entries) {
      for (int list = 0; list < blocks * lists.positions; list++) {
        const int count = lists.count[list];
        if (count == 0) continue;
        T* const to = out[row] + offsets[list % lists.positions] + taps.offsets[first];
        addAllShares<T, false>(&lists.shares[std::size_t(list) * CHANNELS_AT_ONCE], count,
                               std::ptrdiff_t(first) * taps.channels, to, entries);
      }
    });
  }
}

// ---- weights

constexpr int SHARES_MOST = 256;

// Sums sample by sample for each channel above; `channels`: those of this lane.
template <class T>
void sumByChannel(const Operation& operation, int rows, Range channels) {
  const Windows<T> windows(operation);
  const Taps taps(operation);
  const auto a = operation.rows<const T>(A);
  const auto below = operation.rows<const T>(B);
  const RowsOf<T> weights{operation.pointer<T>(WEIGHTS), operation.word(D_STRIDE)};
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const T factor = static_cast<T>(operation.number(FIRST));
  Share<T> shares[SHARES_MOST];
  for (int row = 0; row < rows; row++) {
    for (int c = channels.begin; c < channels.end; c++) {
      int count = 0;
      const auto flush = [&] {
        taps.eachStretch([&](int first, int entries) {
          addAllShares<T, true>(shares, count, taps.offsets[first], weights[c] + std::ptrdiff_t(first) * taps.channels,
                                entries);
        });
        count = 0;
      };
      for (int q = 0; q < windows.count; q++) {
        const T above = factor * a[row][std::ptrdiff_t(q) * windows.channels + c];
        windows.eachSource(row, q, c, above, [&](int p, T value) {
          shares[count++] = {value, below[row] + offsets[p]};
          if (count == SHARES_MOST) flush();
        });
      }
      if (count > 0) flush();
    }
  }
}

// Entries of a channel's weights whose sums stay in registers: a kernel of 5 x 5, of 3 x 3, or what is left of others.
constexpr int MOST_ENTRIES = REGISTERS == 32 ? 25 : 9;

// J of a vector of channels at a position of window q.
template <class T>
inline Vector<T> sharesOf(const Windows<T>& windows, int row, int q, int within, int c, Vector<T> above) {
  const int p = windows.index[q * windows.area + within];
  if (windows.kind == MAX) {
    Bits<T> chosen;
    const std::int32_t* const at = windows.chosen(row) + std::ptrdiff_t(q) * windows.channels + c;
    if constexpr (sizeof(T) == 4) std::memcpy(&chosen, at, sizeof(chosen));
    else for (int i = 0; i < WIDTH<T>; i++) chosen[i] = at[i];
    return chosen == p ? above : Vector<T>{};
  }
  if (windows.kind == AVERAGE) return windows.area == 1 ? above : above / splat(static_cast<T>(windows.area));
  return above * load<T>(windows.slopes(row) + std::ptrdiff_t(p) * windows.channels + c);
}

// For maps with few channels, as images are, whose taps fill no vector: sums of a vector of channels above for some entries
// of their weights at once, over the whole batch.
template <class T, int ENTRIES>
void sumByEntry(const Operation& operation, int rows, int channel, const int* entryOffsets, int firstEntry) {
  using V = Vector<T>;
  const Windows<T> windows(operation);
  const auto a = operation.rows<const T>(A);
  const auto below = operation.rows<const T>(B);
  const RowsOf<T> weights{operation.pointer<T>(WEIGHTS), operation.word(D_STRIDE)};
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  const V factor = splat(static_cast<T>(operation.number(FIRST)));
  V sums[ENTRIES] = {};
  for (int row = 0; row < rows; row++) {
    for (int q = 0; q < windows.count; q++) {
      const V above = factor * load<T>(a[row] + std::ptrdiff_t(q) * windows.channels + channel);
      for (int within = 0; within < windows.area; within++) {
        const V share = sharesOf<T>(windows, row, q, within, channel, above);
        const T* const from = below[row] + offsets[windows.index[q * windows.area + within]];
        UNROLLED for (int e = 0; e < ENTRIES; e++) {
          sums[e] = multiplyAdd<T>(share, splat(from[entryOffsets[e]]), sums[e]);
        }
      }
    }
  }
  for (int e = 0; e < ENTRIES; e++) {
    for (int i = 0; i < WIDTH<T>; i++) weights[channel + i][firstEntry + e] += sums[e][i];
  }
}

// Whether all of the map below is.
template <class T>
bool isFinite(const Operation& operation, const Taps& taps, int rows) {
  const Windows<T> windows(operation);
  const auto below = operation.rows<const T>(B);
  const auto* const offsets = operation.pointer<const std::int32_t>(POSITION_OFFSETS);
  int last = 0;
  for (int k = 0; k < windows.count * windows.area; k++) last = std::max(last, offsets[windows.index[k]]);
  int reach = 0;
  for (int t = 0; t < taps.count; t++) reach = std::max(reach, taps.offsets[t] + taps.channels);
  // 0 for finite numbers, NaN for others.
  T faults = 0;
  for (int row = 0; row < rows; row++) {
    for (int i = 0; i < last + reach; i++) faults += below[row][i] * T(0);
  }
  return faults == T(0);
}

template <class T>
void runConvolveOuter(const Operation& operation, int rows, int lanes, int lane) {
  constexpr int W = WIDTH<T>;
  const Taps taps(operation);
  const int columns = operation.word(COLUMNS);
  if (taps.channels >= W) {
    sumByChannel<T>(operation, rows, part(columns, lanes, lane));
    return;
  }
  // A share of 0 is left out; here it would make a NaN of an infinity.
  if (!isFinite<T>(operation, taps, rows)) {
    sumByChannel<T>(operation, rows, part(columns, lanes, lane));
    return;
  }
  const Range vectors = part(columns / W, lanes, lane);
  const int entries = taps.count * taps.channels;
  std::vector<int> entryOffsets(entries);
  for (int entry = 0; entry < entries; entry++) {
    entryOffsets[entry] = taps.offsets[entry / taps.channels] + entry % taps.channels;
  }
  for (int vector = vectors.begin; vector < vectors.end; vector++) {
    int entry = 0;
    const auto take = [&](auto size) {
      for (; entry + size.value <= entries; entry += size.value) {
        sumByEntry<T, size.value>(operation, rows, vector * W, &entryOffsets[entry], entry);
      }
    };
    take(std::integral_constant<int, MOST_ENTRIES>{});
    take(std::integral_constant<int, 9>{});
    take(std::integral_constant<int, 3>{});
    take(std::integral_constant<int, 1>{});
  }
}

}  // namespace settle::SETTLE_ISA
