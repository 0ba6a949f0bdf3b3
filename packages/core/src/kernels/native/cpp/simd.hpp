// Vectors of the widest registers that this translation unit may use, by the compiler's vector extensions: the same source
// becomes AVX-512, AVX2 or NEON by its flags alone. Fused multiply-adds are written out and nothing else is contracted: which
// expressions a compiler would fuse depends on what surrounds them, and then so would the bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "the native kernels are written for AVX-512, AVX2 and NEON"
#endif

namespace settle::SETTLE_ISA {

#if defined(__AVX512F__)
constexpr int REGISTER_BYTES = 64;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int REGISTER_BYTES = 32;
constexpr int REGISTERS = 16;
#else
constexpr int REGISTER_BYTES = 16;
constexpr int REGISTERS = 32;
#endif

template <class T>
struct VectorOf;

template <>
struct VectorOf<float> {
  typedef float Type __attribute__((vector_size(REGISTER_BYTES)));
  typedef std::int32_t Bits __attribute__((vector_size(REGISTER_BYTES)));
};

template <>
struct VectorOf<double> {
  typedef double Type __attribute__((vector_size(REGISTER_BYTES)));
  typedef std::int64_t Bits __attribute__((vector_size(REGISTER_BYTES)));
};

template <class T>
using Vector = typename VectorOf<T>::Type;
template <class T>
using Bits = typename VectorOf<T>::Bits;

// Entries of a vector.
template <class T>
constexpr int WIDTH = REGISTER_BYTES / static_cast<int>(sizeof(T));

template <class T>
inline Vector<T> load(const T* at) {
  Vector<T> v;
  std::memcpy(&v, at, sizeof(v));
  return v;
}

template <class T>
inline void store(T* at, Vector<T> v) {
  std::memcpy(at, &v, sizeof(v));
}

template <class T>
inline Vector<T> splat(T x) {
  // Minus zero, because plus zero would turn −0 into 0 and cost an addition.
  return x - Vector<T>{};
}

// x · y + z, rounded once.
template <class T>
inline Vector<T> multiplyAdd(Vector<T> x, Vector<T> y, Vector<T> z) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return _mm512_fmadd_ps(x, y, z);
  else return _mm512_fmadd_pd(x, y, z);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return _mm256_fmadd_ps(x, y, z);
  else return _mm256_fmadd_pd(x, y, z);
#else
  if constexpr (sizeof(T) == 4) return reinterpret_cast<Vector<T>>(vfmaq_f32(z, x, y));
  else return reinterpret_cast<Vector<T>>(vfmaq_f64(z, x, y));
#endif
}

// The same of single numbers.
template <class T>
inline T multiplyAdd(T x, T y, T z) {
  return std::fma(x, y, z);
}

// Before every loop over a block of registers: an array stays in registers only where all its indices are constants before
// the compiler looks for a place for it.
#define UNROLLED _Pragma("GCC unroll 32")

// x where it is a number within [low, high], the nearer bound outside; a NaN stays. The instructions of x86 return their
// second operand where one is no number, which the compiler cannot use by itself.
template <class T>
inline Vector<T> clip(Vector<T> x, Vector<T> low, Vector<T> high) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return _mm512_min_ps(high, _mm512_max_ps(low, x));
  else return _mm512_min_pd(high, _mm512_max_pd(low, x));
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return _mm256_min_ps(high, _mm256_max_ps(low, x));
  else return _mm256_min_pd(high, _mm256_max_pd(low, x));
#else
  x = x < low ? low : x;
  return x > high ? high : x;
#endif
}

template <class T>
inline Vector<T> absolute(Vector<T> x) {
  constexpr auto sign = sizeof(T) == 4 ? 0x7fffffffLL : 0x7fffffffffffffffLL;
  const Bits<T> mask = Bits<T>{} + static_cast<std::remove_reference_t<decltype(Bits<T>{}[0])>>(sign);
  return reinterpret_cast<Vector<T>>(reinterpret_cast<Bits<T>>(x) & mask);
}

}  // namespace settle::SETTLE_ISA
