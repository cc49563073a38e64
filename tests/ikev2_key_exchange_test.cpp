// SPDX-License-Identifier: Apache-2.0
// Key exchange methods: both roles agree, known answers from the generators, and every recipient test fires.
#include "tests/ikev2_cases.hpp"

namespace mlkem::test {
namespace {

using namespace ikev2;

class EveryMethod : public testing::TestWithParam<KeMethod> {
 protected:
  std::unique_ptr<Crypto> crypto_ = new_crypto();
};
INSTANTIATE_TEST_SUITE_P(KeyExchange, EveryMethod, testing::ValuesIn(kAllMethods),
                         [](const auto& parameter) { return std::string(name(parameter.param)); });

TEST_P(EveryMethod, BothRolesAgree) {
  const KeMethod method = GetParam();
  for (int round = 0; round < 5; ++round) {
    auto initiator = KeyExchangeInitiator::start(method, *crypto_);
    ASSERT_TRUE(initiator);
    EXPECT_EQ(initiator->method(), method);
    EXPECT_EQ(initiator->public_value().size(), sizes(method).initiator_value);
    auto share = respond(method, initiator->public_value(), *crypto_);
    ASSERT_TRUE(share) << share.error().message;
    EXPECT_EQ(share->public_value().size(), sizes(method).responder_value);
    const auto secret = std::move(*initiator).finish(share->public_value());
    ASSERT_TRUE(secret) << secret.error().message;
    EXPECT_EQ(secret->size(), sizes(method).secret);
    EXPECT_TRUE(*secret == share->secret());
    const Bytes zeros(secret->size());
    EXPECT_FALSE(secret->equals(zeros));
  }
}

TEST_P(EveryMethod, EachExchangeIsFresh) {
  auto first = KeyExchangeInitiator::start(GetParam(), *crypto_);
  auto second = KeyExchangeInitiator::start(GetParam(), *crypto_);
  EXPECT_NE(copy(first->public_value()), copy(second->public_value()));
  const auto once = respond(GetParam(), first->public_value(), *crypto_);
  const auto again = respond(GetParam(), first->public_value(), *crypto_);
  EXPECT_NE(copy(once->public_value()), copy(again->public_value()));
  EXPECT_FALSE(once->secret() == again->secret());
}

TEST_P(EveryMethod, FinishesOnce) {
  auto initiator = KeyExchangeInitiator::start(GetParam(), *crypto_);
  const auto share = respond(GetParam(), initiator->public_value(), *crypto_);
  EXPECT_TRUE(std::move(*initiator).finish(share->public_value()));
  EXPECT_TRUE(initiator->public_value().empty());
  expect_error(std::move(*initiator).finish(share->public_value()), ErrorKind::kMisuse);
}

TEST_P(EveryMethod, AFailedFinishConsumesTheKey) {
  auto initiator = KeyExchangeInitiator::start(GetParam(), *crypto_);
  const auto share = respond(GetParam(), initiator->public_value(), *crypto_);
  expect_peer_fault(std::move(*initiator).finish({}), NotifyType::kInvalidSyntax);
  expect_error(std::move(*initiator).finish(share->public_value()), ErrorKind::kMisuse);
}

TEST_P(EveryMethod, AFaultyValueLeavesTheKeyWhereOneAsksForThat) {
  auto initiator = KeyExchangeInitiator::start(GetParam(), *crypto_);
  const auto share = respond(GetParam(), initiator->public_value(), *crypto_);
  expect_peer_fault(initiator->finish_unless_faulty({}), NotifyType::kInvalidSyntax);
  // No ML-KEM ciphertext of the right length is faulty.
  if (!is_ml_kem(GetParam()))
    expect_peer_fault(initiator->finish_unless_faulty(Bytes(sizes(GetParam()).responder_value)),
                      NotifyType::kInvalidSyntax);
  const auto secret = initiator->finish_unless_faulty(share->public_value());
  ASSERT_TRUE(secret);
  EXPECT_TRUE(*secret == share->secret());
  EXPECT_TRUE(initiator->public_value().empty());
  expect_error(initiator->finish_unless_faulty(share->public_value()), ErrorKind::kMisuse);
}

TEST_P(EveryMethod, WrongLengthsAreRefused) {
  const KeMethod method = GetParam();
  auto initiator = KeyExchangeInitiator::start(method, *crypto_);
  Bytes value = copy(initiator->public_value());
  for (const size_t step : {size_t(0), size_t(2)}) {
    Bytes wrong = value;
    wrong.push_back(0);
    wrong.resize(value.size() - 1 + step);
    expect_peer_fault(respond(method, wrong, *crypto_), NotifyType::kInvalidSyntax);
    auto other = KeyExchangeInitiator::start(method, *crypto_);
    const Bytes answer(sizes(method).responder_value - 1 + step, 5);
    expect_peer_fault(std::move(*other).finish(answer), NotifyType::kInvalidSyntax);
  }
  expect_peer_fault(respond(method, {}, *crypto_), NotifyType::kInvalidSyntax);
}

TEST(KeyExchange, UnknownMethodIsMisuse) {
  const auto crypto = new_crypto();
  expect_error(respond(KeMethod(18), Bytes(128), *crypto), ErrorKind::kMisuse);
  expect_error(KeyExchangeInitiator::start(KeMethod(18), *crypto), ErrorKind::kCrypto);
}

// A peer whose private value is 1 sends the generator: the secret is then the own public value (its x alone
// for ECP).
struct GeneratorCase {
  KeMethod method;
  const char* generator;  // without the zeros that fill it up, in front for MODP, behind for X25519 and X448
};
const GeneratorCase kGenerators[] = {
    {KeMethod::kX25519, "09"},
    {KeMethod::kX448, "05"},
    {KeMethod::kEcp256,
     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"},
    {KeMethod::kEcp384,
     "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
     "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"},
    {KeMethod::kEcp521,
     "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de334"
     "8"
     "b3c1856a429bf97e7e31c2e5bd66"
     "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353"
     "c"
     "7086a272c24088be94769fd16650"},
    {KeMethod::kModp2048, "02"},
    {KeMethod::kModp3072, "02"},
    {KeMethod::kModp4096, "02"},
};

Bytes generator_of(const GeneratorCase& row) {
  const Bytes given = unhex(row.generator);
  Bytes value(sizes(row.method).initiator_value);
  const bool little_endian = row.method == KeMethod::kX25519 || row.method == KeMethod::kX448;
  std::copy(given.begin(), given.end(), little_endian ? value.begin() : value.end() - long(given.size()));
  return value;
}

TEST(KeyExchange_KnownAnswers, GeneratorGivesTheOwnPublicValue) {
  const auto crypto = new_crypto();
  for (const GeneratorCase& row : kGenerators) {
    auto initiator = KeyExchangeInitiator::start(row.method, *crypto);
    Bytes expected = copy(initiator->public_value());
    expected.resize(sizes(row.method).secret);
    const auto secret = std::move(*initiator).finish(generator_of(row));
    ASSERT_TRUE(secret) << name(row.method) << ": " << secret.error().message;
    EXPECT_EQ(hex(secret->expose()), hex(expected)) << name(row.method);
  }
}

// RFC 7296 section 2.14 and RFC 5903 section 7: leading zeros stay in values and secrets.
TEST(KeyExchange_KnownAnswers, LeadingZerosAreKept) {
  const auto crypto = new_crypto();
  for (const GeneratorCase& row : kGenerators) {
    if (row.method != KeMethod::kEcp256 && row.method != KeMethod::kModp2048) continue;
    bool found = false;
    for (int attempt = 0; attempt < 6000 && !found; ++attempt) {
      auto initiator = KeyExchangeInitiator::start(row.method, *crypto);
      Bytes expected = copy(initiator->public_value());
      ASSERT_EQ(expected.size(), sizes(row.method).initiator_value);
      if (expected[0] != 0) continue;
      found = true;
      expected.resize(sizes(row.method).secret);
      const auto secret = std::move(*initiator).finish(generator_of(row));
      ASSERT_TRUE(secret);
      EXPECT_EQ(hex(secret->expose()), hex(expected));
    }
    EXPECT_TRUE(found) << name(row.method);
  }
}

void expect_refused(KeMethod method, const Bytes& value, Crypto& crypto, const std::string& what) {
  SCOPED_TRACE(std::string(name(method)) + ": " + what);
  expect_peer_fault(respond(method, value, crypto), NotifyType::kInvalidSyntax);
  auto initiator = KeyExchangeInitiator::start(method, crypto);
  ASSERT_TRUE(initiator);
  expect_peer_fault(std::move(*initiator).finish(value), NotifyType::kInvalidSyntax);
}

TEST(KeyExchange_RecipientTests, LowOrderPointsOfX25519AndX448) {
  const auto crypto = new_crypto();
  const std::string f30(60, 'f'), f27(54, 'f'), f28(56, 'f'), zeros31(62, '0'), zeros55(110, '0');
  for (const std::string& point :
       {"00" + zeros31, "01" + zeros31,
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" + std::string(),
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" + std::string(), "ec" + f30 + "7f",
        "ed" + f30 + "7f", "ee" + f30 + "7f"}) {
    Bytes value = unhex(point);
    expect_refused(KeMethod::kX25519, value, *crypto, point);
    value.back() |= 0x80;
    expect_refused(KeMethod::kX25519, value, *crypto, point + " with the top bit");
  }
  const std::string high = "fe" + f27;  // octets 28 to 55 of p = 2^448 - 2^224 - 1
  for (const std::string& point :
       {"00" + zeros55, "01" + zeros55, "fe" + f27 + high, f28 + high, std::string(56, '0') + f28})
    expect_refused(KeMethod::kX448, unhex(point), *crypto, point);
}

TEST(KeyExchange_RecipientTests, PointsThatAreNotOnTheCurve) {
  const auto crypto = new_crypto();
  const std::string primes[] = {
      "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
      "01" + std::string(2 * 65, 'f')};
  size_t curve = 0;
  for (KeMethod method : {KeMethod::kEcp256, KeMethod::kEcp384, KeMethod::kEcp521}) {
    const size_t field = sizes(method).secret;
    const auto initiator = KeyExchangeInitiator::start(method, *crypto);
    const Bytes good = copy(initiator->public_value());
    ASSERT_TRUE(respond(method, good, *crypto));
    for (size_t octet : {field - 1, 2 * field - 1, field / 2, field + field / 2}) {
      Bytes moved = good;
      moved[octet] ^= 1;
      expect_refused(method, moved, *crypto, "octet " + std::to_string(octet));
    }
    expect_refused(method, Bytes(2 * field), *crypto, "x = y = 0");
    expect_refused(method, Bytes(2 * field, 0xff), *crypto, "coordinates beyond the field");
    const Bytes prime = unhex(primes[curve++]);
    ASSERT_EQ(prime.size(), field);
    Bytes at_prime = good;
    std::copy(prime.begin(), prime.end(), at_prime.begin());
    expect_refused(method, at_prime, *crypto, "x = p");
    at_prime = good;
    std::copy(prime.begin(), prime.end(), at_prime.begin() + long(field));
    expect_refused(method, at_prime, *crypto, "y = p");
  }
}

// RFC 3526: all these primes begin and end with 64 ones.
TEST(KeyExchange_RecipientTests, ModpValuesAtTheEdges) {
  const std::string prime_2048 =
      "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519"
      "b3"
      "cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899f"
      "a5"
      "ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f3"
      "56"
      "208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a2"
      "8f"
      "b5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";
  const auto crypto = new_crypto();
  const KeMethod method = KeMethod::kModp2048;
  Bytes y(sizes(method).initiator_value);
  expect_refused(method, y, *crypto, "y = 0");
  y.back() = 1;
  expect_refused(method, y, *crypto, "y = 1");
  y = unhex(prime_2048);
  ASSERT_EQ(y.size(), 256u);
  expect_refused(method, y, *crypto, "y = p");
  y.back() = 0xfe;
  expect_refused(method, y, *crypto, "y = p - 1");
  y.back() = 0xfd;
  EXPECT_TRUE(respond(method, y, *crypto)) << "y = p - 2 is in range";
  expect_refused(method, Bytes(256, 0xff), *crypto, "y = 2^2048 - 1");
  for (KeMethod other : {KeMethod::kModp3072, KeMethod::kModp4096}) {
    Bytes value(sizes(other).initiator_value);
    expect_refused(other, value, *crypto, "y = 0");
    value.back() = 1;
    expect_refused(other, value, *crypto, "y = 1");
    expect_refused(other, Bytes(value.size(), 0xff), *crypto, "y beyond p");
  }
}

void set_coefficient(Bytes& ek, size_t index, unsigned value) {
  uint8_t* three = &ek[index / 2 * 3];
  if (index % 2 == 0) {
    three[0] = uint8_t(value);
    three[1] = uint8_t((three[1] & 0xf0) | value >> 8);
  } else {
    three[1] = uint8_t((three[1] & 0x0f) | (value & 0xf) << 4);
    three[2] = uint8_t(value >> 4);
  }
}

// FIPS 203, section 7.2.
TEST(KeyExchange_RecipientTests, MlKemCoefficientsBeyondQ) {
  const auto crypto = new_crypto();
  for (KeMethod method : {KeMethod::kMlKem512, KeMethod::kMlKem768, KeMethod::kMlKem1024}) {
    const auto initiator = KeyExchangeInitiator::start(method, *crypto);
    const Bytes good = copy(initiator->public_value());
    const size_t coefficients = (good.size() - 32) / 3 * 2;
    for (size_t index = 0; index < coefficients; index += (index % 256 == 0 || index % 256 >= 253) ? 1 : 4) {
      Bytes ek = good;
      for (unsigned value : {3329u, 4095u}) {
        set_coefficient(ek, index, value);
        const auto share = respond(method, ek, *crypto);
        ASSERT_FALSE(share) << name(method) << " coefficient " << index << " = " << value;
        EXPECT_EQ(share.error().notify, NotifyType::kInvalidSyntax);
      }
      set_coefficient(ek, index, 3328);
      ASSERT_TRUE(index % 64 != 0 || respond(method, ek, *crypto));
    }
    Bytes other_seed = good;
    other_seed.back() ^= 0xff;
    EXPECT_TRUE(respond(method, other_seed, *crypto)) << "any rho is valid";
  }
}

TEST(KeyExchange_MlKem, ADamagedCiphertextGivesAnotherSecret) {
  const auto crypto = new_crypto();
  for (KeMethod method : {KeMethod::kMlKem512, KeMethod::kMlKem768, KeMethod::kMlKem1024}) {
    auto initiator = KeyExchangeInitiator::start(method, *crypto);
    const auto share = respond(method, initiator->public_value(), *crypto);
    Bytes ct = copy(share->public_value());
    ct[ct.size() / 2] ^= 0x10;
    const auto secret = std::move(*initiator).finish(ct);
    ASSERT_TRUE(secret);
    EXPECT_FALSE(*secret == share->secret());
  }
}

// RFC 7748, section 5: non-canonical values are accepted and reduced, the top bit of X25519's is ignored.
TEST(KeyExchange_X25519, NonCanonicalValuesAreReduced) {
  const auto crypto = new_crypto();
  const std::string f30(60, 'f');
  for (const char* last : {"7f", "ff"}) {
    auto initiator = KeyExchangeInitiator::start(KeMethod::kX25519, *crypto);
    const Bytes own = copy(initiator->public_value());
    const auto secret = std::move(*initiator).finish(unhex("f6" + f30 + last));  // 9 + p
    ASSERT_TRUE(secret);
    EXPECT_EQ(hex(secret->expose()), hex(own));
  }
}

}  // namespace
}  // namespace mlkem::test
