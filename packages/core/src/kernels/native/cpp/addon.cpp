// The Node-API addon: chooses the engine for this processor and runs programs in the lanes of an open training.
//
//   describe()                               { version, instructions, amx }
//   open(memory: Uint8Array, 32 | 64, lanes) a handle; `memory` shows the whole arena
//   run(handle, pointer)                     does the run whose words lie there; returns when it is done
//   close(handle)                            ends the lanes; idempotent, and done anyway when the thread's environment ends
//   peak(lanes, milliseconds)                float32 operations per second that multiply-adds in registers reach
#define NAPI_VERSION 8
#include <node_api.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "engine.hpp"
#include "team.hpp"
#include "words.hpp"

namespace settle {
namespace {

struct Instructions {
  const char* name;
  void (*runFloat32)(const Run&, int);
  void (*runFloat64)(const Run&, int);
  double (*burn)(std::int64_t);
};

#if defined(__x86_64__)
constexpr Instructions AVX512{"avx512", avx512::runFloat32, avx512::runFloat64, avx512::burn};
constexpr Instructions AVX2{"avx2", avx2::runFloat32, avx2::runFloat64, avx2::burn};

bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

// Null on a processor without either. SETTLE_NATIVE_INSTRUCTIONS=avx2 asks for less than there is.
const Instructions* chooseInstructions() {
  const char* const asked = std::getenv("SETTLE_NATIVE_INSTRUCTIONS");
  const bool wantsLess = asked != nullptr && std::strcmp(asked, "avx2") == 0;
  if (hasAvx512() && !wantsLess) return &AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &AVX2;
  return nullptr;
}
#elif defined(__aarch64__)
constexpr Instructions NEON{"neon", neon::runFloat32, neon::runFloat64, neon::burn};
const Instructions* chooseInstructions() { return &NEON; }
#else
const Instructions* chooseInstructions() { return nullptr; }
#endif

const Instructions* instructions() {
  static const Instructions* const chosen = chooseInstructions();
  return chosen;
}

struct Training {
  std::uint8_t* memory;
  std::size_t bytes;
  bool isFloat64;
  // Gone once closed.
  std::unique_ptr<Team> team;
};

// Only pointers of trainings of this addon pass for handles.
constexpr napi_type_tag TRAINING_TAG{0x5e771e0a11ed0001ULL, 0x9b1d5c70c0de0001ULL};

napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

void closeTraining(void* data) { static_cast<Training*>(data)->team.reset(); }

void forgetTraining(napi_env env, void* data, void*) {
  napi_remove_env_cleanup_hook(env, closeTraining, data);
  delete static_cast<Training*>(data);
}

Training* trainingOf(napi_env env, napi_value handle) {
  bool isOurs = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, handle, &TRAINING_TAG, &isOurs) != napi_ok || !isOurs) return nullptr;
  if (napi_get_value_external(env, handle, &data) != napi_ok) return nullptr;
  return static_cast<Training*>(data);
}

napi_value describe(napi_env env, napi_callback_info) {
  napi_value result, version, name, amx;
  napi_create_object(env, &result);
  napi_create_int32(env, ENGINE_VERSION, &version);
  const Instructions* const chosen = instructions();
  napi_create_string_utf8(env, chosen == nullptr ? "none" : chosen->name, NAPI_AUTO_LENGTH, &name);
  napi_get_boolean(env, false, &amx);
  napi_set_named_property(env, result, "version", version);
  napi_set_named_property(env, result, "instructions", name);
  napi_set_named_property(env, result, "amx", amx);
  return result;
}

napi_value open(napi_env env, napi_callback_info info) {
  std::size_t count = 3;
  napi_value given[3];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  napi_typedarray_type type;
  std::size_t bytes = 0;
  void* memory = nullptr;
  std::int32_t bits = 0, lanes = 0;
  if (count != 3 || napi_get_typedarray_info(env, given[0], &type, &bytes, &memory, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || memory == nullptr || napi_get_value_int32(env, given[1], &bits) != napi_ok ||
      napi_get_value_int32(env, given[2], &lanes) != napi_ok || (bits != 32 && bits != 64) || lanes < 1) {
    return fail(env, "open takes a Uint8Array, 32 or 64, and a number of lanes");
  }
  if (instructions() == nullptr) return fail(env, "this processor has none of the instructions that were built for");
  auto training = std::make_unique<Training>();
  training->memory = static_cast<std::uint8_t*>(memory);
  training->bytes = bytes;
  training->isFloat64 = bits == 64;
  try {
    training->team = std::make_unique<Team>(lanes);
  } catch (const std::system_error&) {
    return fail(env, "the system has no threads left for lanes");
  }
  napi_value handle;
  Training* const opened = training.release();
  if (napi_create_external(env, opened, forgetTraining, nullptr, &handle) != napi_ok) {
    delete opened;
    return fail(env, "no handle could be made");
  }
  napi_type_tag_object(env, handle, &TRAINING_TAG);
  // A terminated thread closes nothing by itself.
  napi_add_env_cleanup_hook(env, closeTraining, opened);
  return handle;
}

napi_value run(napi_env env, napi_callback_info info) {
  std::size_t count = 2;
  napi_value given[2];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  Training* const training = count == 2 ? trainingOf(env, given[0]) : nullptr;
  std::uint32_t pointer = 0;
  if (training == nullptr || napi_get_value_uint32(env, given[1], &pointer) != napi_ok) {
    return fail(env, "run takes a handle and a pointer");
  }
  if (training->team == nullptr) return fail(env, "these lanes are closed");
  if (pointer + RUN_WORDS * sizeof(std::int32_t) > training->bytes) return fail(env, "a run outside the arena");
  const Run work{training->memory, reinterpret_cast<std::int32_t*>(training->memory + pointer), training->team->view()};
  const auto engine = training->isFloat64 ? instructions()->runFloat64 : instructions()->runFloat32;
  auto takePart = [&](int lane) { engine(work, lane); };
  training->team->together(takePart);
  return nullptr;
}

napi_value close(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value given[1];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  Training* const training = count == 1 ? trainingOf(env, given[0]) : nullptr;
  if (training == nullptr) return fail(env, "close takes a handle");
  closeTraining(training);
  return nullptr;
}

napi_value peak(napi_env env, napi_callback_info info) {
  using Clock = std::chrono::steady_clock;
  std::size_t count = 2;
  napi_value given[2];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  std::int32_t lanes = 0, milliseconds = 0;
  if (count != 2 || napi_get_value_int32(env, given[0], &lanes) != napi_ok || lanes < 1 ||
      napi_get_value_int32(env, given[1], &milliseconds) != napi_ok || instructions() == nullptr) {
    return fail(env, "peak takes numbers of lanes and milliseconds");
  }
  Team team(lanes);
  double best = 0;
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (Clock::now() < end) {
    std::vector<double> operations(lanes, 0);
    const auto began = Clock::now();
    auto work = [&](int lane) { operations[lane] = instructions()->burn(200000); };
    team.together(work);
    const std::chrono::duration<double> seconds = Clock::now() - began;
    double sum = 0;
    for (const double one : operations) sum += one;
    if (sum / seconds.count() > best) best = sum / seconds.count();
  }
  napi_value result;
  napi_create_double(env, best, &result);
  return result;
}

}  // namespace
}  // namespace settle

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"describe", nullptr, settle::describe, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"open", nullptr, settle::open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, settle::run, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, settle::close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"peak", nullptr, settle::peak, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
  return exports;
}
