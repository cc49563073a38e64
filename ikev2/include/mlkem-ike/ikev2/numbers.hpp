// SPDX-License-Identifier: Apache-2.0
// The numbers of IKEv2 (RFC 7296, RFC 7383, RFC 9242, RFC 9370, draft-ietf-ipsecme-ikev2-mlkem; IANA's
// registry "Internet Key Exchange Version 2 (IKEv2) Parameters"), the sizes that go with them, and their
// names: algorithms in strongSwan's notation, exchanges, payloads and notifies as the RFCs call them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mlkem-ike/export.h"

namespace mlkem::ikev2 {

enum class ExchangeType : uint8_t {
  kIkeSaInit = 34,
  kIkeAuth = 35,
  kCreateChildSa = 36,
  kInformational = 37,
  kIkeIntermediate = 43,
  kIkeFollowupKe = 44,
};

enum class PayloadType : uint8_t {
  kNone = 0,
  kSa = 33,
  kKe = 34,
  kIdi = 35,
  kIdr = 36,
  kCert = 37,
  kCertreq = 38,
  kAuth = 39,
  kNonce = 40,
  kNotify = 41,
  kDelete = 42,
  kVendorId = 43,
  kTsi = 44,
  kTsr = 45,
  kSk = 46,
  kCp = 47,
  kEap = 48,
  kSkf = 53,
};

// The protocol of a proposal, a notify or a delete.
enum class ProtocolId : uint8_t { kNone = 0, kIke = 1, kAh = 2, kEsp = 3 };

enum class TransformType : uint8_t {
  kEncr = 1,
  kPrf = 2,
  kInteg = 3,
  kKe = 4,
  kEsn = 5,
  kAddke1 = 6,  // ADDKE1..7 are 6..12; their ids are those of kKe
  kAddke7 = 12,
};
// The additional key exchanges that one negotiation can hold (RFC 9370).
inline constexpr unsigned kMaxAdditionalKeyExchanges = 7;

// RFC 7296, section 3.10.1: errors below 16384, status from there on. What this layer acts on, and what other gateways
// send, so that a trace can name it.
enum class NotifyType : uint16_t {
  kNone = 0,
  kUnsupportedCriticalPayload = 1,
  kInvalidIkeSpi = 4,
  kInvalidMajorVersion = 5,
  kInvalidSyntax = 7,
  kInvalidMessageId = 9,
  kInvalidSpi = 11,
  kNoProposalChosen = 14,
  kInvalidKePayload = 17,
  kAuthenticationFailed = 24,
  kSinglePairRequired = 34,
  kNoAdditionalSas = 35,
  kInternalAddressFailure = 36,
  kFailedCpRequired = 37,
  kTsUnacceptable = 38,
  kInvalidSelectors = 39,
  kUnacceptableAddresses = 40,
  kUnexpectedNatDetected = 41,
  kUseAssignedHoa = 42,
  kTemporaryFailure = 43,
  kChildSaNotFound = 44,
  kAuthorizationFailed = 45,
  kStateNotFound = 47,
  kInitialContact = 16384,
  kSetWindowSize = 16385,
  kAdditionalTsPossible = 16386,
  kIpcompSupported = 16387,
  kNatDetectionSourceIp = 16388,
  kNatDetectionDestinationIp = 16389,
  kCookie = 16390,
  kUseTransportMode = 16391,
  kHttpCertLookupSupported = 16392,
  kRekeySa = 16393,
  kEspTfcPaddingNotSupported = 16394,
  kNonFirstFragmentsAlso = 16395,
  kMobikeSupported = 16396,
  kAdditionalIp4Address = 16397,
  kAdditionalIp6Address = 16398,
  kNoAdditionalAddresses = 16399,
  kUpdateSaAddresses = 16400,
  kCookie2 = 16401,
  kNoNatsAllowed = 16402,
  kAuthLifetime = 16403,
  kMultipleAuthSupported = 16404,
  kAnotherAuthFollows = 16405,
  kRedirectSupported = 16406,
  kRedirect = 16407,
  kRedirectedFrom = 16408,
  kEapOnlyAuthentication = 16417,
  kChildlessIkev2Supported = 16418,
  kQuickCrashDetection = 16419,
  kIkev2MessageIdSyncSupported = 16420,
  kIpsecReplayCounterSyncSupported = 16421,
  kIkev2MessageIdSync = 16422,
  kIpsecReplayCounterSync = 16423,
  kIkev2FragmentationSupported = 16430,
  kSignatureHashAlgorithms = 16431,
  kUsePpk = 16435,
  kPpkIdentity = 16436,
  kNoPpkAuth = 16437,
  kIntermediateExchangeSupported = 16438,
  kAdditionalKeyExchange = 16441,
};

// Encryption (transform type 1).
enum class EncrId : uint16_t {
  kAesCbc = 12,
  kAesCtr = 13,
  kAesCcm16 = 16,
  kAesGcm16 = 20,
  kChacha20Poly1305 = 28,
};

// Pseudorandom functions (transform type 2).
enum class PrfId : uint16_t { kHmacSha1 = 2, kHmacSha256 = 5, kHmacSha384 = 6, kHmacSha512 = 7 };

// Integrity (transform type 3).
enum class IntegId : uint16_t {
  kNone = 0,
  kHmacSha1_96 = 2,
  kHmacSha256_128 = 12,
  kHmacSha384_192 = 13,
  kHmacSha512_256 = 14,
};

// Key exchange methods (transform types 4 and 6..12). The values are the registry's; what stands on the wire
// is code_point().
enum class KeMethod : uint16_t {
  kModp2048 = 14,
  kModp3072 = 15,
  kModp4096 = 16,
  kEcp256 = 19,
  kEcp384 = 20,
  kEcp521 = 21,
  kX25519 = 31,
  kX448 = 32,
  kMlKem512 = 35,
  kMlKem768 = 36,
  kMlKem1024 = 37,
};
inline constexpr size_t kKeMethodCount = 11;

// The id of transform types 4 and 6..12 that stands for no key exchange.
inline constexpr uint16_t kKeNone = 0;

// Extended sequence numbers (transform type 5).
enum class EsnId : uint16_t { kNo = 0, kYes = 1 };

// How ML-KEM is numbered on the wire. Only a setting may choose kDraft00, never a guess from what a peer
// sends.
enum class MlKemNumbering : uint8_t {
  kRegistry,  // 35, 36, 37 = ML-KEM-512, -768, -1024
  kDraft00,   // 35, 36 = ML-KEM-768, -1024, and no ML-KEM-512: peers that froze on the first draft
};
// The number on the wire; nothing for a method that the numbering lacks.
MLKEM_API std::optional<uint16_t> code_point(KeMethod method,
                                             MlKemNumbering numbering = MlKemNumbering::kRegistry) noexcept;
// The method of a number; nothing for one that this library does not implement.
MLKEM_API std::optional<KeMethod> ke_method(uint16_t code_point,
                                            MlKemNumbering numbering = MlKemNumbering::kRegistry) noexcept;

constexpr bool is_ml_kem(KeMethod method) {
  return method == KeMethod::kMlKem512 || method == KeMethod::kMlKem768 || method == KeMethod::kMlKem1024;
}

// Key exchange data as it stands in a KE payload, and the shared secret; octets, as all sizes below.
struct KeSizes {
  size_t initiator_value, responder_value, secret;
};
MLKEM_API KeSizes sizes(KeMethod method) noexcept;
inline constexpr size_t kMaxKeValueBytes = 1568;  // ML-KEM-1024
inline constexpr size_t kMaxKeSecretBytes = 512;  // MODP-4096

// The output of a PRF, which is also the length of SK_d, SK_pi and SK_pr.
MLKEM_API size_t output_bytes(PrfId prf) noexcept;
inline constexpr size_t kMaxPrfBytes = 64;

// An encryption algorithm with its Key Length attribute: 128, 192 or 256 for AES, 0 for ChaCha20-Poly1305.
struct Encryption {
  EncrId id;
  uint16_t key_bits;

  friend constexpr bool operator==(Encryption, Encryption) = default;
};
MLKEM_API bool is_valid(Encryption encryption) noexcept;
MLKEM_API bool is_aead(EncrId encr) noexcept;
// What SK_ei or SK_er holds: the key, then the salt (RFC 5282, RFC 7634) or the nonce of AES-CTR (RFC 5930).
MLKEM_API size_t key_bytes(Encryption encryption) noexcept;
MLKEM_API size_t salt_bytes(EncrId encr) noexcept;
// The initialization vector on the wire, and the integrity check value (0 for AES-CBC and AES-CTR).
MLKEM_API size_t iv_bytes(EncrId encr) noexcept;
MLKEM_API size_t icv_bytes(EncrId encr) noexcept;
inline constexpr size_t kMaxEncryptionKeyBytes = 36;  // AES-256 and a salt of four octets

MLKEM_API size_t key_bytes(IntegId integ) noexcept;
MLKEM_API size_t icv_bytes(IntegId integ) noexcept;

// The algorithms that decide which keys an IKE SA has.
struct SaAlgorithms {
  PrfId prf;
  Encryption encryption;
  IntegId integrity;  // kNone exactly if the encryption is an AEAD
};

// Names of algorithms in strongSwan's notation: x25519, mlkem768, prfsha384, aes256gcm16, chacha20poly1305, sha256
// ... The readers also take strongSwan's aliases (curve25519, aes256gcm128, aes256gcm). An unknown number has the
// name "unknown"; an unknown name gives nothing.
MLKEM_API std::string_view name(KeMethod method) noexcept;
MLKEM_API std::string_view name(PrfId prf) noexcept;
MLKEM_API std::string_view name(Encryption encryption) noexcept;
MLKEM_API std::string_view name(IntegId integ) noexcept;
MLKEM_API std::string_view name(ExchangeType exchange) noexcept;  // IKE_SA_INIT ...
MLKEM_API std::string_view name(PayloadType payload) noexcept;    // SA, KE, IDi ...
MLKEM_API std::string_view name(NotifyType notify) noexcept;      // INVALID_SYNTAX ...
MLKEM_API std::optional<KeMethod> ke_method_named(std::string_view name) noexcept;
MLKEM_API std::optional<PrfId> prf_named(std::string_view name) noexcept;
MLKEM_API std::optional<Encryption> encryption_named(std::string_view name) noexcept;
MLKEM_API std::optional<IntegId> integrity_named(std::string_view name) noexcept;

}  // namespace mlkem::ikev2
