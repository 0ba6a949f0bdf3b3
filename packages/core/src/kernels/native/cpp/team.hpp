// The lanes of one training: threads that wait for runs and meet at barriers.
//
// They spin for a while, because the next operation is never far away, then let others run: correct with more lanes than
// cores, and asleep between trainings.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "engine.hpp"

namespace settle {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class Team {
 public:
  explicit Team(int lanes) : lanes_(lanes), seen_(lanes) {
    for (int lane = 1; lane < lanes; lane++) {
      threads_.emplace_back([this, lane] { serve(lane); });
    }
  }

  ~Team() {
    isClosing_ = true;
    begin();
    for (auto& thread : threads_) thread.join();
  }

  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int lanes() const { return lanes_; }

  // Calls work(lane) in every lane, this thread being lane 0, and returns when all are done.
  template <class Work>
  void together(Work& work) {
    work_ = [](void* given, int lane) { (*static_cast<Work*>(given))(lane); };
    given_ = &work;
    nextBlock_.store(0, std::memory_order_relaxed);
    begin();
    work(0);
    meet();
  }

  // All lanes have come here before any goes on.
  void meet() {
    if (lanes_ == 1) return;
    const unsigned round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == lanes_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    const auto hasTurned = [&] { return round_.load(std::memory_order_acquire) != round; };
    while (!spinUntil(hasTurned, AT_A_BARRIER)) std::this_thread::yield();
  }

  // As the engines see this team.
  Lanes view() {
    return {lanes_, [](void* team) { static_cast<Team*>(team)->meet(); }, this, seen_.data(), &nextBlock_};
  }

 private:
  using Microseconds = std::chrono::microseconds;
  // What lanes of one operation differ by, and what passes in a training between two runs.
  static constexpr Microseconds AT_A_BARRIER{100};
  static constexpr Microseconds BETWEEN_RUNS{300};

  // Whether it came true in time.
  template <class Condition>
  static bool spinUntil(Condition isTrue, Microseconds patience) {
    constexpr int LOOKS_PER_CLOCK = 64;
    const auto end = std::chrono::steady_clock::now() + patience;
    do {
      for (int look = 0; look < LOOKS_PER_CLOCK; look++) {
        if (isTrue()) return true;
        relax();
      }
    } while (std::chrono::steady_clock::now() < end);
    return isTrue();
  }

  void begin() {
    if (lanes_ == 1) return;
    generation_.fetch_add(1, std::memory_order_acq_rel);
    generation_.notify_all();
  }

  void serve(int lane) {
    unsigned known = 0;
    for (;;) {
      const auto hasBegun = [&] { return generation_.load(std::memory_order_acquire) != known; };
      while (!spinUntil(hasBegun, BETWEEN_RUNS)) generation_.wait(known, std::memory_order_acquire);
      known++;
      if (isClosing_) return;
      work_(given_, lane);
      meet();
    }
  }

  const int lanes_;
  std::vector<Watch> seen_;
  std::atomic<int> nextBlock_{0};
  std::vector<std::thread> threads_;
  std::atomic<unsigned> generation_{0};
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> round_{0};
  std::atomic<bool> isClosing_{false};
  void (*work_)(void*, int) = nullptr;
  void* given_ = nullptr;
};

}  // namespace settle
