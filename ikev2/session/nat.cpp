// SPDX-License-Identifier: Apache-2.0
// NAT detection (RFC 7296, section 2.23): the hashes of both addresses, and the move to UDP encapsulation.
#include <array>

#include "ikev2/session/engine.hpp"
#include "ikev2/wire.hpp"

namespace mlkem::ikev2 {
namespace {

using Hash = std::array<uint8_t, kSha1Bytes>;

// SHA-1(SPIi | SPIr | address | port), the SPIs as in that message's header.
Result<Hash> address_hash(Crypto& crypto, const Spi& spi_i, const Spi& spi_r, const Address& address) {
  std::array<uint8_t, 2> port;
  store_16(port.data(), address.port);
  Hash hash{};
  if (Result<void> done = crypto.sha1(std::array<Octets, 4>{spi_i, spi_r, address.ip(), port}, hash); !done)
    return done.error();
  return hash;
}

}  // namespace

void Engine::add_nat_detection(PayloadWriter& out, const Spi& spi_r) {
  Result<Hash> source = address_hash(crypto(), sa_.spi_i, spi_r, report_.path.local);
  const Result<Hash> destination = address_hash(crypto(), sa_.spi_i, spi_r, report_.path.remote);
  // A crypto without SHA-1 does without NAT detection.
  if (!source || !destination) return;
  // What no address gives: the peer takes this side for one behind a NAT.
  if (policy().force_encapsulation) source->fill(0);
  out.add_notify({ProtocolId::kNone, NotifyType::kNatDetectionSourceIp, {}, *source});
  out.add_notify({ProtocolId::kNone, NotifyType::kNatDetectionDestinationIp, {}, *destination});
}

void Engine::detect_nat(const PayloadList& payloads, const Spi& spi_r, const Path& path) {
  const Result<Hash> remote = address_hash(crypto(), sa_.spi_i, spi_r, path.remote);
  const Result<Hash> local = address_hash(crypto(), sa_.spi_i, spi_r, path.local);
  if (!remote || !local) return;
  // A host with several addresses sends several sources; one that matches is enough.
  bool has_source = false, has_destination = false, source_matches = false, destination_matches = false;
  for (const Payload& payload : payloads) {
    if (payload.type != PayloadType::kNotify) continue;
    const Result<NotifyPayload> notify = read_notify_body(payload.body);
    if (!notify || notify->data.size() != kSha1Bytes) continue;
    if (notify->type == NotifyType::kNatDetectionSourceIp) {
      has_source = true;
      source_matches |= equal_constant_time(notify->data.data(), remote->data(), kSha1Bytes);
    } else if (notify->type == NotifyType::kNatDetectionDestinationIp) {
      has_destination = true;
      destination_matches |= equal_constant_time(notify->data.data(), local->data(), kSha1Bytes);
    }
  }
  if (!has_source || !has_destination) return;
  report_.remote_nat = !source_matches;
  report_.local_nat = !destination_matches;
  if (report_.remote_nat || report_.local_nat)
    log(LogCode::kNat, ExchangeType::kIkeSaInit,
        (report_.local_nat ? 1u : 0u) + (report_.remote_nat ? 2u : 0u));
  const bool moves = report_.remote_nat || report_.local_nat || policy().force_encapsulation;
  if (!moves || !sa_.is_initiator() || report_.path.encapsulated) return;
  report_.path.encapsulated = true;
  report_.path.local.port = policy().local_encapsulation_port;
  report_.path.remote.port = policy().remote_encapsulation_port;
}

}  // namespace mlkem::ikev2
