// SPDX-License-Identifier: Apache-2.0
// Tables of numbers, sizes and names (RFC 7296 section 3.3.2, IANA's registry,
// draft-ietf-ipsecme-ikev2-mlkem).
#include "mlkem-ike/ikev2/numbers.hpp"

#include <iterator>

#include "mlkem-ike/mlkem.hpp"

namespace mlkem::ikev2 {
namespace {

struct KeRow {
  KeMethod method;
  std::string_view name, alias;
  KeSizes sizes;
};

constexpr KeSizes equal_sizes(size_t value, size_t secret) {
  return {value, value, secret};
}
template <class Set>
constexpr KeSizes ml_kem_sizes() {
  return {Set::kEkBytes, Set::kCtBytes, kSharedSecretBytes};
}

constexpr KeRow kKeRows[] = {
    {KeMethod::kModp2048, "modp2048", "", equal_sizes(256, 256)},
    {KeMethod::kModp3072, "modp3072", "", equal_sizes(384, 384)},
    {KeMethod::kModp4096, "modp4096", "", equal_sizes(512, 512)},
    {KeMethod::kEcp256, "ecp256", "", equal_sizes(64, 32)},
    {KeMethod::kEcp384, "ecp384", "", equal_sizes(96, 48)},
    {KeMethod::kEcp521, "ecp521", "", equal_sizes(132, 66)},
    {KeMethod::kX25519, "x25519", "curve25519", equal_sizes(32, 32)},
    {KeMethod::kX448, "x448", "curve448", equal_sizes(56, 56)},
    {KeMethod::kMlKem512, "mlkem512", "", ml_kem_sizes<MlKem512>()},
    {KeMethod::kMlKem768, "mlkem768", "", ml_kem_sizes<MlKem768>()},
    {KeMethod::kMlKem1024, "mlkem1024", "", ml_kem_sizes<MlKem1024>()},
};

static_assert(std::size(kKeRows) == kKeMethodCount);

struct PrfRow {
  PrfId id;
  std::string_view name, alias;
  size_t output_bytes;
};

constexpr PrfRow kPrfRows[] = {
    {PrfId::kHmacSha1, "prfsha1", "", 20},
    {PrfId::kHmacSha256, "prfsha256", "prfsha2_256", 32},
    {PrfId::kHmacSha384, "prfsha384", "prfsha2_384", 48},
    {PrfId::kHmacSha512, "prfsha512", "prfsha2_512", 64},
};

struct EncrRow {
  EncrId id;
  bool aead;
  size_t salt_bytes, iv_bytes, icv_bytes;
};

constexpr EncrRow kEncrRows[] = {
    {EncrId::kAesCbc, false, 0, 16, 0},          {EncrId::kAesCtr, false, 4, 8, 0},  // RFC 5930
    {EncrId::kAesCcm16, true, 3, 8, 16},                                             // RFC 5282
    {EncrId::kAesGcm16, true, 4, 8, 16},                                             // RFC 5282
    {EncrId::kChacha20Poly1305, true, 4, 8, 16},                                     // RFC 7634
};

struct EncryptionName {
  Encryption encryption;
  std::string_view name, alias, short_alias = {};
};

constexpr EncryptionName kEncryptionNames[] = {
    {{EncrId::kAesCbc, 128}, "aes128", "aes"},
    {{EncrId::kAesCbc, 192}, "aes192", ""},
    {{EncrId::kAesCbc, 256}, "aes256", ""},
    {{EncrId::kAesCtr, 128}, "aes128ctr", ""},
    {{EncrId::kAesCtr, 192}, "aes192ctr", ""},
    {{EncrId::kAesCtr, 256}, "aes256ctr", ""},
    {{EncrId::kAesCcm16, 128}, "aes128ccm16", "aes128ccm128", "aes128ccm"},
    {{EncrId::kAesCcm16, 192}, "aes192ccm16", "aes192ccm128", "aes192ccm"},
    {{EncrId::kAesCcm16, 256}, "aes256ccm16", "aes256ccm128", "aes256ccm"},
    {{EncrId::kAesGcm16, 128}, "aes128gcm16", "aes128gcm128", "aes128gcm"},
    {{EncrId::kAesGcm16, 192}, "aes192gcm16", "aes192gcm128", "aes192gcm"},
    {{EncrId::kAesGcm16, 256}, "aes256gcm16", "aes256gcm128", "aes256gcm"},
    {{EncrId::kChacha20Poly1305, 0}, "chacha20poly1305", ""},
};

struct IntegRow {
  IntegId id;
  std::string_view name, alias;
  size_t key_bytes, icv_bytes;
};

constexpr IntegRow kIntegRows[] = {
    {IntegId::kNone, "none", "", 0, 0},
    {IntegId::kHmacSha1_96, "sha1", "sha", 20, 12},
    {IntegId::kHmacSha256_128, "sha256", "sha2_256", 32, 16},
    {IntegId::kHmacSha384_192, "sha384", "sha2_384", 48, 24},
    {IntegId::kHmacSha512_256, "sha512", "sha2_512", 64, 32},
};

struct ExchangeRow {
  ExchangeType type;
  std::string_view name;
};
constexpr ExchangeRow kExchangeRows[] = {
    {ExchangeType::kIkeSaInit, "IKE_SA_INIT"},
    {ExchangeType::kIkeAuth, "IKE_AUTH"},
    {ExchangeType::kCreateChildSa, "CREATE_CHILD_SA"},
    {ExchangeType::kInformational, "INFORMATIONAL"},
    {ExchangeType::kIkeIntermediate, "IKE_INTERMEDIATE"},
    {ExchangeType::kIkeFollowupKe, "IKE_FOLLOWUP_KE"},
};

struct PayloadRow {
  PayloadType type;
  std::string_view name;
};
constexpr PayloadRow kPayloadRows[] = {
    {PayloadType::kSa, "SA"},     {PayloadType::kKe, "KE"},       {PayloadType::kIdi, "IDi"},
    {PayloadType::kIdr, "IDr"},   {PayloadType::kCert, "CERT"},   {PayloadType::kCertreq, "CERTREQ"},
    {PayloadType::kAuth, "AUTH"}, {PayloadType::kNonce, "Nonce"}, {PayloadType::kNotify, "N"},
    {PayloadType::kDelete, "D"},  {PayloadType::kVendorId, "V"},  {PayloadType::kTsi, "TSi"},
    {PayloadType::kTsr, "TSr"},   {PayloadType::kSk, "SK"},       {PayloadType::kCp, "CP"},
    {PayloadType::kEap, "EAP"},   {PayloadType::kSkf, "SKF"},
};

struct NotifyRow {
  NotifyType type;
  std::string_view name;
};

constexpr NotifyRow kNotifyRows[] = {
    {NotifyType::kUnsupportedCriticalPayload, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    {NotifyType::kInvalidIkeSpi, "INVALID_IKE_SPI"},
    {NotifyType::kInvalidMajorVersion, "INVALID_MAJOR_VERSION"},
    {NotifyType::kInvalidSyntax, "INVALID_SYNTAX"},
    {NotifyType::kInvalidMessageId, "INVALID_MESSAGE_ID"},
    {NotifyType::kInvalidSpi, "INVALID_SPI"},
    {NotifyType::kNoProposalChosen, "NO_PROPOSAL_CHOSEN"},
    {NotifyType::kInvalidKePayload, "INVALID_KE_PAYLOAD"},
    {NotifyType::kAuthenticationFailed, "AUTHENTICATION_FAILED"},
    {NotifyType::kSinglePairRequired, "SINGLE_PAIR_REQUIRED"},
    {NotifyType::kNoAdditionalSas, "NO_ADDITIONAL_SAS"},
    {NotifyType::kInternalAddressFailure, "INTERNAL_ADDRESS_FAILURE"},
    {NotifyType::kFailedCpRequired, "FAILED_CP_REQUIRED"},
    {NotifyType::kTsUnacceptable, "TS_UNACCEPTABLE"},
    {NotifyType::kInvalidSelectors, "INVALID_SELECTORS"},
    {NotifyType::kUnacceptableAddresses, "UNACCEPTABLE_ADDRESSES"},
    {NotifyType::kUnexpectedNatDetected, "UNEXPECTED_NAT_DETECTED"},
    {NotifyType::kUseAssignedHoa, "USE_ASSIGNED_HOA"},
    {NotifyType::kTemporaryFailure, "TEMPORARY_FAILURE"},
    {NotifyType::kChildSaNotFound, "CHILD_SA_NOT_FOUND"},
    {NotifyType::kAuthorizationFailed, "AUTHORIZATION_FAILED"},
    {NotifyType::kStateNotFound, "STATE_NOT_FOUND"},
    {NotifyType::kInitialContact, "INITIAL_CONTACT"},
    {NotifyType::kSetWindowSize, "SET_WINDOW_SIZE"},
    {NotifyType::kAdditionalTsPossible, "ADDITIONAL_TS_POSSIBLE"},
    {NotifyType::kIpcompSupported, "IPCOMP_SUPPORTED"},
    {NotifyType::kNatDetectionSourceIp, "NAT_DETECTION_SOURCE_IP"},
    {NotifyType::kNatDetectionDestinationIp, "NAT_DETECTION_DESTINATION_IP"},
    {NotifyType::kCookie, "COOKIE"},
    {NotifyType::kUseTransportMode, "USE_TRANSPORT_MODE"},
    {NotifyType::kHttpCertLookupSupported, "HTTP_CERT_LOOKUP_SUPPORTED"},
    {NotifyType::kRekeySa, "REKEY_SA"},
    {NotifyType::kEspTfcPaddingNotSupported, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    {NotifyType::kNonFirstFragmentsAlso, "NON_FIRST_FRAGMENTS_ALSO"},
    {NotifyType::kMobikeSupported, "MOBIKE_SUPPORTED"},
    {NotifyType::kAdditionalIp4Address, "ADDITIONAL_IP4_ADDRESS"},
    {NotifyType::kAdditionalIp6Address, "ADDITIONAL_IP6_ADDRESS"},
    {NotifyType::kNoAdditionalAddresses, "NO_ADDITIONAL_ADDRESSES"},
    {NotifyType::kUpdateSaAddresses, "UPDATE_SA_ADDRESSES"},
    {NotifyType::kCookie2, "COOKIE2"},
    {NotifyType::kNoNatsAllowed, "NO_NATS_ALLOWED"},
    {NotifyType::kAuthLifetime, "AUTH_LIFETIME"},
    {NotifyType::kMultipleAuthSupported, "MULTIPLE_AUTH_SUPPORTED"},
    {NotifyType::kAnotherAuthFollows, "ANOTHER_AUTH_FOLLOWS"},
    {NotifyType::kRedirectSupported, "REDIRECT_SUPPORTED"},
    {NotifyType::kRedirect, "REDIRECT"},
    {NotifyType::kRedirectedFrom, "REDIRECTED_FROM"},
    {NotifyType::kEapOnlyAuthentication, "EAP_ONLY_AUTHENTICATION"},
    {NotifyType::kChildlessIkev2Supported, "CHILDLESS_IKEV2_SUPPORTED"},
    {NotifyType::kQuickCrashDetection, "QUICK_CRASH_DETECTION"},
    {NotifyType::kIkev2MessageIdSyncSupported, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
    {NotifyType::kIpsecReplayCounterSyncSupported, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED"},
    {NotifyType::kIkev2MessageIdSync, "IKEV2_MESSAGE_ID_SYNC"},
    {NotifyType::kIpsecReplayCounterSync, "IPSEC_REPLAY_COUNTER_SYNC"},
    {NotifyType::kIkev2FragmentationSupported, "IKEV2_FRAGMENTATION_SUPPORTED"},
    {NotifyType::kSignatureHashAlgorithms, "SIGNATURE_HASH_ALGORITHMS"},
    {NotifyType::kUsePpk, "USE_PPK"},
    {NotifyType::kPpkIdentity, "PPK_IDENTITY"},
    {NotifyType::kNoPpkAuth, "NO_PPK_AUTH"},
    {NotifyType::kIntermediateExchangeSupported, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
    {NotifyType::kAdditionalKeyExchange, "ADDITIONAL_KEY_EXCHANGE"},
};

template <class Row, size_t kRows, class Value>
const Row* find(const Row (&rows)[kRows], Value Row::*field, const Value& value) {
  for (const Row& row : rows)
    if (row.*field == value) return &row;
  return nullptr;
}

template <class Row, size_t kRows>
const Row* named(const Row (&rows)[kRows], std::string_view name) {
  if (name.empty()) return nullptr;
  for (const Row& row : rows)
    if (row.name == name || row.alias == name) return &row;
  return nullptr;
}

template <class Row>
std::string_view name_or_unknown(const Row* row) {
  return row ? row->name : "unknown";
}

}  // namespace

std::optional<uint16_t> code_point(KeMethod method, MlKemNumbering numbering) noexcept {
  if (!find(kKeRows, &KeRow::method, method)) return std::nullopt;
  if (numbering == MlKemNumbering::kRegistry || !is_ml_kem(method)) return uint16_t(method);
  if (method == KeMethod::kMlKem512) return std::nullopt;
  return uint16_t(uint16_t(method) - 1);
}

std::optional<KeMethod> ke_method(uint16_t code_point_value, MlKemNumbering numbering) noexcept {
  for (const KeRow& row : kKeRows)
    if (code_point(row.method, numbering) == code_point_value) return row.method;
  return std::nullopt;
}

KeSizes sizes(KeMethod method) noexcept {
  const KeRow* row = find(kKeRows, &KeRow::method, method);
  return row ? row->sizes : KeSizes{0, 0, 0};
}

size_t output_bytes(PrfId prf) noexcept {
  const PrfRow* row = find(kPrfRows, &PrfRow::id, prf);
  return row ? row->output_bytes : 0;
}

bool is_valid(Encryption encryption) noexcept {
  return find(kEncryptionNames, &EncryptionName::encryption, encryption) != nullptr;
}

bool is_aead(EncrId encr) noexcept {
  const EncrRow* row = find(kEncrRows, &EncrRow::id, encr);
  return row && row->aead;
}

size_t key_bytes(Encryption encryption) noexcept {
  if (!is_valid(encryption)) return 0;
  const size_t key = encryption.id == EncrId::kChacha20Poly1305 ? 32 : encryption.key_bits / 8u;
  return key + salt_bytes(encryption.id);
}

size_t salt_bytes(EncrId encr) noexcept {
  const EncrRow* row = find(kEncrRows, &EncrRow::id, encr);
  return row ? row->salt_bytes : 0;
}

size_t iv_bytes(EncrId encr) noexcept {
  const EncrRow* row = find(kEncrRows, &EncrRow::id, encr);
  return row ? row->iv_bytes : 0;
}

size_t icv_bytes(EncrId encr) noexcept {
  const EncrRow* row = find(kEncrRows, &EncrRow::id, encr);
  return row ? row->icv_bytes : 0;
}

size_t key_bytes(IntegId integ) noexcept {
  const IntegRow* row = find(kIntegRows, &IntegRow::id, integ);
  return row ? row->key_bytes : 0;
}

size_t icv_bytes(IntegId integ) noexcept {
  const IntegRow* row = find(kIntegRows, &IntegRow::id, integ);
  return row ? row->icv_bytes : 0;
}

std::string_view name(KeMethod method) noexcept {
  return name_or_unknown(find(kKeRows, &KeRow::method, method));
}

std::string_view name(PrfId prf) noexcept {
  return name_or_unknown(find(kPrfRows, &PrfRow::id, prf));
}

std::string_view name(Encryption encryption) noexcept {
  return name_or_unknown(find(kEncryptionNames, &EncryptionName::encryption, encryption));
}

std::string_view name(IntegId integ) noexcept {
  return name_or_unknown(find(kIntegRows, &IntegRow::id, integ));
}

std::string_view name(ExchangeType exchange) noexcept {
  return name_or_unknown(find(kExchangeRows, &ExchangeRow::type, exchange));
}

std::string_view name(PayloadType payload) noexcept {
  return name_or_unknown(find(kPayloadRows, &PayloadRow::type, payload));
}

std::string_view name(NotifyType notify) noexcept {
  return name_or_unknown(find(kNotifyRows, &NotifyRow::type, notify));
}

std::optional<KeMethod> ke_method_named(std::string_view name) noexcept {
  const KeRow* row = named(kKeRows, name);
  return row ? std::optional(row->method) : std::nullopt;
}

std::optional<PrfId> prf_named(std::string_view name) noexcept {
  const PrfRow* row = named(kPrfRows, name);
  return row ? std::optional(row->id) : std::nullopt;
}

std::optional<Encryption> encryption_named(std::string_view name) noexcept {
  const EncryptionName* row = named(kEncryptionNames, name);
  if (!row && !name.empty()) row = find(kEncryptionNames, &EncryptionName::short_alias, name);
  return row ? std::optional(row->encryption) : std::nullopt;
}

std::optional<IntegId> integrity_named(std::string_view name) noexcept {
  const IntegRow* row = named(kIntegRows, name);
  return row ? std::optional(row->id) : std::nullopt;
}

}  // namespace mlkem::ikev2
