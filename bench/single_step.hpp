// SPDX-License-Identifier: Apache-2.0
// Which instructions of this program a function executes, and how often: single steps of a child process (Linux,
// x86-64).
#pragma once

#include <cstdint>
#include <map>

#if defined(__linux__) && defined(__x86_64__)
#include <csignal>

#include <elf.h>
#include <link.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace mlkem::bench {

// {address as the linker gave it: executions}. Empty where single steps are refused.
using Steps = std::map<uint64_t, uint64_t>;

#if defined(__linux__) && defined(__x86_64__)
extern "C" const char __executable_start, etext;

template <class F>
Steps single_step(F f) {
  const auto start = reinterpret_cast<uint64_t>(&__executable_start);
  const uint64_t end = reinterpret_cast<uint64_t>(&etext);
  const pid_t child = fork();
  if (child < 0) return {};
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    f();
    raise(SIGSTOP);
    _exit(0);
  }
  Steps steps;
  int status = 0;
  bool begun = waitpid(child, &status, 0) == child && WIFSTOPPED(status);
  while (begun && ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0 &&
         waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) {
    user_regs_struct registers;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    if (registers.rip >= start && registers.rip < end) ++steps[registers.rip - start];
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return steps;
}
#else
template <class F>
Steps single_step(F) {
  return {};
}
#endif

}  // namespace mlkem::bench
