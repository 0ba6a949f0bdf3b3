// One operation of a program, as ../../compiled/operations.ts describes and encodes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "words.hpp"

namespace settle::SETTLE_ISA {

// Half-open.
struct Range {
  int begin;
  int end;
  bool empty() const { return begin >= end; }
};

template <class T>
struct RowsOf {
  T* at;
  std::ptrdiff_t stride;
  T* operator[](std::ptrdiff_t row) const { return at + row * stride; }
  explicit operator bool() const { return at != nullptr; }
};

class Operation {
 public:
  Operation(const std::int32_t* words, std::uint8_t* memory) : words_(words), memory_(memory) {}

  int code() const { return words_[CODE]; }
  int word(int position) const { return words_[position]; }

  double number(int position) const {
    double value;
    std::memcpy(&value, words_ + position, sizeof(value));
    return value;
  }

  // Null where the program gives no address; addresses use all 32 bits.
  template <class T>
  T* pointer(int position) const {
    const auto address = static_cast<std::uint32_t>(words_[position]);
    return address == 0 ? nullptr : reinterpret_cast<T*>(memory_ + address);
  }

  template <class T>
  RowsOf<T> rows(int position) const {
    return {pointer<T>(position), words_[position + 1]};
  }

 private:
  const std::int32_t* words_;
  std::uint8_t* memory_;
};

// Cuts `count` things into `parts` ranges of nearly equal length; the cut depends on nothing else.
inline Range part(int count, int parts, int number) {
  return {static_cast<int>(static_cast<std::int64_t>(count) * number / parts),
          static_cast<int>(static_cast<std::int64_t>(count) * (number + 1) / parts)};
}

}  // namespace settle::SETTLE_ISA
