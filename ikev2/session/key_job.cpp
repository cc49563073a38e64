// SPDX-License-Identifier: Apache-2.0
// Runs key exchanges of many sessions at once (FIPS 203, section 6.2, in batches).
#include "mlkem-ike/ikev2/key_job.hpp"

namespace mlkem::ikev2 {

void run_jobs(std::span<KeyJob> jobs, Crypto& crypto) noexcept {
  std::array<RespondJob, kMaxRespondJobs> batch;
  for (KeMethod method : {KeMethod::kMlKem512, KeMethod::kMlKem768, KeMethod::kMlKem1024}) {
    size_t count = 0;
    const auto flush = [&] {
      respond_batch(method, std::span(batch).first(count), crypto);
      count = 0;
    };
    for (KeyJob& job : jobs) {
      if (job.empty() || job.has_run_ || job.method_ != method) continue;
      job.has_run_ = true;
      batch[count++] = {Octets(job.peer_value_).first(job.peer_value_bytes_), &job.share_};
      if (count == batch.size()) flush();
    }
    flush();
  }
  for (KeyJob& job : jobs) {
    if (job.empty() || job.has_run_) continue;
    job.has_run_ = true;
    job.share_ = respond(job.method_, Octets(job.peer_value_).first(job.peer_value_bytes_), crypto);
  }
}

}  // namespace mlkem::ikev2
