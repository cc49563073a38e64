// SPDX-License-Identifier: Apache-2.0
// Names are looked up by the system's resolver, once, before any packet is sent.
#include "tools/mlkem-ike/net/endpoint.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/text.hpp"

namespace mlkem::cli {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

AddressList look_up(const std::string& host, int family, int flags, int& out_error) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  out_error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  return AddressList(out_error == 0 ? list : nullptr);
}

Endpoint endpoint_in(const addrinfo& entry) {
  sockaddr_storage storage{};
  std::memcpy(&storage, entry.ai_addr, std::min(size_t(entry.ai_addrlen), sizeof storage));
  return endpoint_of(storage);
}

}  // namespace

Endpoint endpoint_of(Octets address, uint16_t port) {
  Endpoint endpoint;
  endpoint.address_bytes = uint8_t(std::min(address.size(), endpoint.octets.size()));
  std::copy_n(address.begin(), endpoint.address_bytes, endpoint.octets.begin());
  endpoint.port = port;
  return endpoint;
}

Endpoint endpoint_of(const ikev2::Address& address) {
  return endpoint_of(address.ip(), address.port);
}

ikev2::Address address_of(const Endpoint& endpoint) {
  return {endpoint.is_ipv6() ? ikev2::IpVersion::kIpv6 : ikev2::IpVersion::kIpv4, endpoint.octets,
          endpoint.port};
}

std::string endpoint_text(const Endpoint& endpoint) {
  const std::string address = address_text(endpoint.address());
  return (endpoint.is_ipv6() ? '[' + address + ']' : address) + ':' + std::to_string(endpoint.port);
}

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  if (endpoint.is_ipv6()) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    address.sin6_scope_id = endpoint.scope;
    std::memcpy(&address.sin6_addr, endpoint.octets.data(), sizeof address.sin6_addr);
    std::memcpy(&out.storage, &address, out.size = sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, endpoint.octets.data(), sizeof address.sin_addr);
    std::memcpy(&out.storage, &address, out.size = sizeof address);
  }
  return out;
}

Endpoint endpoint_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in address;
    std::memcpy(&address, &storage, sizeof address);
    return endpoint_of({reinterpret_cast<const uint8_t*>(&address.sin_addr), 4}, ntohs(address.sin_port));
  }
  if (storage.ss_family != AF_INET6) return {};
  sockaddr_in6 address;
  std::memcpy(&address, &storage, sizeof address);
  const Octets octets(address.sin6_addr.s6_addr, 16);
  const bool mapped = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin());
  Endpoint endpoint =
      endpoint_of(mapped ? octets.subspan(kMappedPrefix.size()) : octets, ntohs(address.sin6_port));
  if (!mapped) endpoint.scope = address.sin6_scope_id;
  return endpoint;
}

std::vector<Endpoint> resolve(const std::string& host, uint16_t port, IpFamily family) {
  int error = 0;
  const AddressList list = look_up(host,
                                   family == IpFamily::kIpv4   ? AF_INET
                                   : family == IpFamily::kIpv6 ? AF_INET6
                                                               : AF_UNSPEC,
                                   AI_ADDRCONFIG, error);
  // AI_ADDRCONFIG hides loopback addresses on a machine without others.
  const AddressList digits = list ? nullptr : look_up(host, AF_UNSPEC, AI_NUMERICHOST, error);
  if (!list && !digits)
    throw Failure(printable(octets_of(host)) + ": can't be resolved: " + ::gai_strerror(error));
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = list ? list.get() : digits.get(); entry; entry = entry->ai_next) {
    Endpoint endpoint = endpoint_in(*entry);
    endpoint.port = port;
    const bool wanted = family == IpFamily::kAny || endpoint.is_ipv6() == (family == IpFamily::kIpv6);
    if (endpoint.address_bytes != 0 && wanted && std::ranges::count(endpoints, endpoint) == 0)
      endpoints.push_back(endpoint);
  }
  if (endpoints.empty())
    throw Failure(printable(octets_of(host)) + ": has no address of the kind that was asked for");
  return endpoints;
}

Endpoint parse_address(const std::string& text) {
  int error = 0;
  const AddressList list = look_up(text, AF_UNSPEC, AI_NUMERICHOST, error);
  return list ? endpoint_in(*list) : Endpoint{};
}

}  // namespace mlkem::cli
