// SPDX-License-Identifier: Apache-2.0
// No key is left in memory that sessions give back: every block of the heap is searched for the keys of IKE and
// Child SAs when it goes.
#include <algorithm>
#include <array>

#include "tests/live_memory.hpp"
#include "tests/pair.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

// Secrets, outside of the heap.
std::array<std::array<uint8_t, 64>, 256> secrets;
std::array<size_t, 256> secret_bytes;
size_t secret_count, blocks_searched, secrets_found;

void note(Octets secret) {
  if (secret.empty() || secret_count == secrets.size()) return;
  std::copy_n(secret.begin(), secret.size(), secrets[secret_count].begin());
  secret_bytes[secret_count++] = secret.size();
}

// The first half is enough: a block may begin or end within a secret.
void search(std::span<const uint8_t> block) {
  ++blocks_searched;
  for (size_t i = 0; i < secret_count; ++i) {
    const auto first = secrets[i].begin(), last = first + long(secret_bytes[i] / 2);
    if (std::search(block.begin(), block.end(), first, last) != block.end()) ++secrets_found;
  }
}

class NotedKeys final : public KeyLog {
 public:
  void add(const LoggedKeys& logged) noexcept override {
    const IkeKeys& keys = logged.keys;
    for (Octets key : {keys.sk_d.expose(), keys.sk_ai.expose(), keys.sk_ar.expose(), keys.sk_ei.expose(),
                       keys.sk_er.expose(), keys.sk_pi.expose(), keys.sk_pr.expose()})
      note(key);
  }
};

void run(const std::string& ike, bool fails) {
  secret_count = blocks_searched = secrets_found = 0;
  NotedKeys noted;
  const auto crypto = new_crypto();
  {
    Workspace workspace(*crypto), responder_workspace(*crypto);
    Policy policy = policy_of("a.example", ike, "aes128-sha256-noesn");
    policy.key_log = &noted;
    const Profile profile = *Profile::make(policy);
    if (fails) policy.peer_identity = Identity{IdType::kFqdn, {'x'}};
    const Profile responder_profile = *Profile::make(policy);
    Path path;
    path.local.octets = {10, 0, 0, 1};
    path.remote.octets = {10, 0, 0, 2};
    path.local.port = path.remote.port = kIkePort;
    const Path back{path.remote, path.local, false};
    watch_freed_blocks(search);
    {
      Responder responder = *Responder::make(responder_workspace, responder_profile);
      Session session = *Session::initiate(workspace, profile, path, 0);
      bool established = false;
      for (int round = 0; round < 6; ++round) {
        if (round == 4) session.close(10);
        while (const auto datagram = session.poll_transmit())
          responder.handle_message(back, datagram->octets, 1);
        while (const auto datagram = responder.poll_transmit())
          session.handle_message(path, datagram->octets, 1);
        while (const auto event = session.poll_event()) {
          established |= std::holds_alternative<Established>(*event);
          if (const auto* child = std::get_if<ChildEstablished>(&*event)) {
            for (Octets key : {child->keys.encryption_i.expose(), child->keys.integrity_i.expose(),
                               child->keys.encryption_r.expose(), child->keys.integrity_r.expose()})
              note(key);
          }
        }
        while (responder.poll_event()) {
        }
      }
      EXPECT_EQ(established, !fails);
      responder.handle_timeout(100'000);
    }
    watch_freed_blocks(nullptr);
  }
  EXPECT_GE(secret_count, 2u * 2 * 5);
  EXPECT_GT(blocks_searched, 50u);
  EXPECT_EQ(secrets_found, 0u);
}

TEST(SessionSecrets, AreWipedBeforeMemoryIsGivenBack) {
  if (!sees_the_heap()) GTEST_SKIP() << "new and delete are not this program's own";
  run("aes256gcm16-prfsha384-x25519-ke1_mlkem768", false);
  run("aes128-sha256-prfsha256-x25519-ke1_mlkem512-ke2_mlkem1024", false);
  run("aes256gcm16-prfsha384-x25519-ke1_mlkem768", true);
}

// The search itself finds what is not wiped.
TEST(SessionSecrets, AreFoundWhereTheyAreNotWiped) {
  if (!sees_the_heap()) GTEST_SKIP() << "new and delete are not this program's own";
  secret_count = secrets_found = 0;
  note(Bytes(32, 0x77));
  watch_freed_blocks(search);
  { const Bytes left(100, 0x77); }
  watch_freed_blocks(nullptr);
  EXPECT_EQ(secrets_found, 1u);
}

}  // namespace
}  // namespace mlkem::test
