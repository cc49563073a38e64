// SPDX-License-Identifier: Apache-2.0
// What a responder does with IKE_SA_INIT requests: repeats answers, keeps to its limits, asks for cookies
// (RFC 7296, sections 2.1 and 2.6), and only then gives a request an engine.
#include <utility>

#include "ikev2/session/responder_state.hpp"

namespace mlkem::ikev2 {
namespace {

constexpr size_t kNetworkBytes = 8;  // of an IPv6 address
// An initiator that is sent back has a few requests with its SPI. Each is compared with a new one, so there
// must not be many.
constexpr size_t kMaxOfOneSpi = 8;

// What one party is likely to own: an IPv4 address or an IPv6 network.
uint64_t network_of(const Address& address) {
  const Octets ip = address.ip();
  return address.version == IpVersion::kIpv4 ? number_of(ip) : number_of(ip.first(kNetworkBytes));
}

}  // namespace

void Responder::State::answer(const Path& path, const IkeHeader& request, const NotifyPayload& notify) {
  IkeHeader header;
  header.spi_i = request.spi_i;
  header.spi_r = request.spi_r;
  header.exchange = request.exchange;
  header.flags = request.from_initiator() ? kFlagResponse : kFlagResponse | kFlagInitiator;
  header.message_id = request.message_id;
  PayloadWriter out(surroundings.scratch, header);
  out.add_notify(notify);
  if (const Result<size_t> size = out.finish())
    surroundings.outbox.add_message(path, Octets(surroundings.scratch).first(*size));
}

bool Responder::State::take_cookie(const Message& request, const Path& path, uint64_t now_ms) {
  Workspace& workspace = surroundings.workspace;
  const Spi& spi_i = request.header.spi_i;
  const Result<Octets> nonce = request.payloads.only(PayloadType::kNonce);
  if (!nonce || !cookies.rotate(workspace, now_ms)) {
    ++counts.requests_dropped;
    return false;
  }
  const auto sent = request.payloads.find_notify(NotifyType::kCookie);
  if (sent && cookies.is_good(workspace, sent->data, *nonce, path.remote, spi_i)) return true;
  if (const Result<Cookie> cookie = cookies.make(workspace, *nonce, path.remote, spi_i)) {
    ++counts.cookies_sent;
    answer(path, request.header, {ProtocolId::kNone, NotifyType::kCookie, {}, *cookie});
  }
  return false;
}

void Responder::State::handle_init(const Path& path, Octets message, const IkeHeader& header,
                                   uint64_t now_ms) {
  if (header.is_response() || !header.from_initiator() || header.message_id != 0 || header.spi_r != Spi{} ||
      header.spi_i == Spi{}) {
    ++counts.strays;
    return;
  }
  const uint64_t spi_i = number_of(header.spi_i);
  const auto [first, last] = by_initiator_spi.equal_range(spi_i);
  size_t same_spi = 0;
  for (auto at = first; at != last; ++at, ++same_spi) {
    Sa& sa = *find(at->second);
    if (sa.engine.is_init_request(message)) return sa.engine.repeat_init(path, message.size(), now_ms);
  }
  const uint64_t network = network_of(path.remote);
  const auto found = half_open_by_address.find(network);
  const HalfOpen same_address = found == half_open_by_address.end() ? HalfOpen{} : found->second;
  if (is_closing || message.size() > kMaxInitRequestBytes || same_spi >= kMaxOfOneSpi ||
      sas.size() >= options.max_sas || counts.half_open >= options.max_half_open ||
      same_address.with_cookie >= options.max_half_open_per_address) {
    ++counts.requests_dropped;
    return;
  }
  const Result<Message> parsed = read_message(message);
  if (!parsed) {
    ++counts.refused;
    const Error& error = parsed.error();
    const Octets data(&error.notify_data, error.notify == NotifyType::kUnsupportedCriticalPayload ? 1 : 0);
    return answer(path, header, {ProtocolId::kNone, error.notify, {}, data});
  }
  const bool needs_cookie = counts.half_open >= options.cookie_threshold ||
                            same_address.without_cookie >= options.max_half_open_per_address;
  if (needs_cookie && !take_cookie(*parsed, path, now_ms)) return;

  Spi spi_r{};
  const RandomSource random = surroundings.workspace.crypto().random();
  while (spi_r == Spi{} || find(number_of(spi_r)))
    if (!random.fill(random.argument, spi_r)) return;
  const SaId id = number_of(spi_r);
  auto made = std::make_unique<Sa>(
      Sa{Engine(surroundings, id, false, spi_r, path, now_ms), spi_i, network, needs_cookie});
  Sa& sa = *made;
  sas.emplace(id, std::move(made));
  by_initiator_spi.emplace(spi_i, id);
  ++half_open_by_address[network].of(sa);
  ++counts.half_open;
  sa.engine.receive_init(*parsed, message, path, now_ms);
  if (sa.engine.state() == EngineState::kGone) ++counts.refused;
  settle(id, sa, now_ms);
}

}  // namespace mlkem::ikev2
