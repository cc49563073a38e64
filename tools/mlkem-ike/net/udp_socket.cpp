// SPDX-License-Identifier: Apache-2.0
// recvmsg and sendmsg with IP_PKTINFO and IPV6_PKTINFO (RFC 3542), and Linux's queue of ICMP errors.
#include "tools/mlkem-ike/net/udp_socket.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

// Room for the packet information and an extended error with its address.
using ControlRoom = std::array<uint8_t, 512>;

// A burst of requests from hundreds of peers waits here while keys are computed.
constexpr int kReceiveQueueBytes = 4 << 20;

[[noreturn]] void fail_errno(const Endpoint& endpoint, const char* step) {
  throw Failure(endpoint_text(endpoint) + ": " + step + ": " + std::strerror(errno));
}

void set_option(int descriptor, int level, int name, int value, const Endpoint& endpoint) {
  if (::setsockopt(descriptor, level, name, &value, sizeof value) != 0)
    fail_errno(endpoint, "a socket option");
}

Endpoint bound_to(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
  return endpoint_of(storage);
}

template <class Value>
Value value_of(const cmsghdr* control) {
  Value value;
  std::memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

template <class Value>
void put_control(msghdr& message, ControlRoom& room, int level, int type, const Value& value) {
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(sizeof value);
  cmsghdr* control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(control), &value, sizeof value);
}

// The queue's entry for a datagram that was sent; the address of who complained stands behind it.
SendError send_error_of(const cmsghdr* control) {
  const auto extended = value_of<sock_extended_err>(control);
  SendError error{int(extended.ee_errno), {}, extended.ee_errno == EMSGSIZE ? extended.ee_info : 0};
  const bool icmp = extended.ee_origin == SO_EE_ORIGIN_ICMP || extended.ee_origin == SO_EE_ORIGIN_ICMP6;
  const size_t behind = CMSG_LEN(sizeof extended);
  if (icmp && control->cmsg_len > behind) {
    sockaddr_storage reporter{};
    std::memcpy(&reporter, CMSG_DATA(control) + sizeof extended,
                std::min(size_t(control->cmsg_len) - behind, sizeof reporter));
    error.reporter = endpoint_of(reporter);
  }
  return error;
}

}  // namespace

std::string send_error_text(const SendError& error) {
  std::string text = error.error == ECONNREFUSED ? "port unreachable"
                     : error.error == EMSGSIZE   ? "a datagram is too long for the path"
                                                 : std::strerror(error.error);
  if (error.path_bytes != 0) text += " (" + octets_text(error.path_bytes) + ")";
  if (error.reporter.address_bytes != 0)
    text += " (ICMP from " + address_text(error.reporter.address()) + ')';
  return text;
}

UdpSocket UdpSocket::bound(const Endpoint& local, IpFragments fragments) {
  const bool ipv6 = local.is_ipv6();
  UdpSocket made(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.descriptor_ < 0) fail_errno(local, "no socket");
  const auto set = [&](int level, int name, int value) {
    set_option(made.descriptor_, level, name, value, local);
  };
  const bool cut = fragments == IpFragments::kAllowed;
  if (ipv6) {
    set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(IPPROTO_IPV6, IPV6_RECVERR, 1);
    set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, cut ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_DO);
  } else {
    set(IPPROTO_IP, IP_PKTINFO, 1);
    set(IPPROTO_IP, IP_RECVERR, 1);
    set(IPPROTO_IP, IP_MTU_DISCOVER, cut ? IP_PMTUDISC_DONT : IP_PMTUDISC_DO);
  }
  // The system grants what it likes.
  const int queue = kReceiveQueueBytes;
  (void)::setsockopt(made.descriptor_, SOL_SOCKET, SO_RCVBUF, &queue, sizeof queue);
  const SocketAddress address = socket_address(local);
  if (::bind(made.descriptor_, address.get(), address.size) != 0) fail_errno(local, "can't be bound");
  made.local_ = bound_to(made.descriptor_);
  return made;
}

UdpSocket::~UdpSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept {
  *this = std::move(other);
}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(connected_, other.connected_);
  std::swap(local_, other.local_);
  return *this;
}

void UdpSocket::connect(const Endpoint& remote) {
  const SocketAddress address = socket_address(remote);
  if (::connect(descriptor_, address.get(), address.size) != 0) fail_errno(remote, "can't be reached");
  connected_ = true;
  local_ = bound_to(descriptor_);
}

bool UdpSocket::send(const Endpoint& local, const Endpoint& remote, std::span<const uint8_t> octets,
                     SendError& error) {
  const SocketAddress address = socket_address(remote);
  iovec part{const_cast<uint8_t*>(octets.data()), octets.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) ControlRoom room{};
  if (!connected_) {
    message.msg_name = const_cast<sockaddr_storage*>(&address.storage);
    message.msg_namelen = address.size;
    if (local.is_ipv6()) {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, local.octets.data(), sizeof info.ipi6_addr);
      info.ipi6_ifindex = local.scope;
      put_control(message, room, IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else if (local.address_bytes != 0) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, local.octets.data(), sizeof info.ipi_spec_dst);
      put_control(message, room, IPPROTO_IP, IP_PKTINFO, info);
    }
  }
  // An error of an earlier datagram ends a call without sending anything: the queue tells it again.
  for (int tries = 0; tries < 3; ++tries) {
    if (::sendmsg(descriptor_, &message, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN || errno == ENOBUFS) return true;
    if (errno != EINTR && errno != ECONNREFUSED) break;
  }
  error = {errno, {}, 0};
  return false;
}

std::optional<Received> UdpSocket::receive(std::span<uint8_t> buffer) {
  for (;;) {
    sockaddr_storage sender{};
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) ControlRoom room;
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t size = ::recvmsg(descriptor_, &message, 0);
    if (size < 0) {
      // Another error is one of an earlier datagram; its entry in the queue stays.
      if (errno == EAGAIN || errno == EBADF || errno == ENOMEM) return std::nullopt;
      continue;
    }
    Received received{buffer.first(size_t(size)), local_, endpoint_of(sender)};
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control)) {
      if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        const auto info = value_of<in_pktinfo>(control);
        received.local = endpoint_of({reinterpret_cast<const uint8_t*>(&info.ipi_addr), 4}, local_.port);
      } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        const auto info = value_of<in6_pktinfo>(control);
        received.local = endpoint_of({info.ipi6_addr.s6_addr, 16}, local_.port);
      }
    }
    return received;
  }
}

std::optional<SendError> UdpSocket::take_error() {
  std::array<uint8_t, 64> start;
  iovec part{start.data(), start.size()};
  alignas(cmsghdr) ControlRoom room;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  if (::recvmsg(descriptor_, &message, MSG_ERRQUEUE) < 0) return std::nullopt;
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control))
    if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR) ||
        (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR))
      return send_error_of(control);
  return SendError{EIO, {}, 0};
}

}  // namespace mlkem::cli
