// SPDX-License-Identifier: Apache-2.0
// Sockets are read before the engine's timeouts are looked at: an answer that waits is not late.
#include "tools/mlkem-ike/peer/connection.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include "tools/mlkem-ike/io/must.hpp"

namespace mlkem::cli {
namespace {

constexpr size_t kMaxDatagramBytes = 65535;
// From one socket in a row: no message has so many fragments.
constexpr size_t kBatch = 64;
constexpr unsigned kRefusalsToBelieve = 2;

UdpSocket connected_socket(Endpoint remote, uint16_t remote_port, uint16_t local_port,
                           IpFragments fragments) {
  Endpoint local;
  local.address_bytes = remote.address_bytes;
  local.port = local_port;
  remote.port = remote_port;
  UdpSocket socket = UdpSocket::bound(local, fragments);
  socket.connect(remote);
  return socket;
}

std::unique_ptr<ikev2::Profile> profile_with_ports(ikev2::Policy policy, const ikev2::Path& encapsulated) {
  policy.local_encapsulation_port = encapsulated.local.port;
  policy.remote_encapsulation_port = encapsulated.remote.port;
  return std::make_unique<ikev2::Profile>(must(ikev2::Profile::make(std::move(policy)), "policy"));
}

}  // namespace

uint64_t now_ms() {
  return uint64_t(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count());
}

TimePoint time_of(uint64_t ms) {
  return TimePoint(std::chrono::milliseconds(int64_t(ms)));
}

PeerSockets::PeerSockets(const Endpoint& remote, Ports remote_ports, Ports local_ports, IpFragments fragments)
    : remote_(remote),
      remote_ports_(remote_ports),
      sockets_{connected_socket(remote, remote_ports.ike, local_ports.ike, fragments),
               connected_socket(remote, remote_ports.encapsulated, local_ports.encapsulated, fragments)} {}

ikev2::Path PeerSockets::path(bool encapsulated) const {
  ikev2::Path path{address_of(sockets_[encapsulated].local()), address_of(remote_), encapsulated};
  path.remote.port = encapsulated ? remote_ports_.encapsulated : remote_ports_.ike;
  return path;
}

Connection::Connection(PeerSockets sockets, ikev2::Workspace& workspace, ikev2::Policy policy)
    : sockets_(std::move(sockets)),
      profile_(profile_with_ports(std::move(policy), sockets_.path(true))),
      session_(
          must(ikev2::Session::initiate(workspace, *profile_, sockets_.path(false), now_ms()), "policy")) {}

void Connection::work() {
  const uint64_t now = now_ms();
  for (const bool encapsulated : {false, true}) receive(encapsulated, now);
  if (const auto due = session_.poll_timeout(); due && *due <= now) session_.handle_timeout(now);
  transmit();
}

void Connection::transmit() {
  while (const auto datagram = session_.poll_transmit()) {
    SendError error;
    UdpSocket& socket = sockets_.socket(datagram->path.encapsulated);
    if (!socket.send({}, endpoint_of(datagram->path.remote), datagram->octets, error)) note(error);
  }
}

void Connection::receive(bool encapsulated, uint64_t now) {
  static std::vector<uint8_t> buffer(kMaxDatagramBytes);
  UdpSocket& socket = sockets_.socket(encapsulated);
  for (size_t count = 0; count < kBatch; ++count) {
    const auto received = socket.receive(buffer);
    if (!received) break;
    session_.handle_message(sockets_.path(encapsulated), received->octets, now);
  }
  for (size_t count = 0; count < kBatch; ++count) {
    const auto error = socket.take_error();
    if (!error) break;
    note(*error);
  }
}

void Connection::note(const SendError& error) {
  network_error_ = error;
  if (error.error == ECONNREFUSED) ++refusals_;
}

std::optional<TimePoint> Connection::deadline() const {
  const auto due = session_.poll_timeout();
  return due ? std::optional(time_of(*due)) : std::nullopt;
}

void Connection::close() {
  session_.close(now_ms());
  transmit();
}

bool Connection::is_refused() const {
  return refusals_ >= kRefusalsToBelieve && session_.report().datagrams_received == 0;
}

}  // namespace mlkem::cli
