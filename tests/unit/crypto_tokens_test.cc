#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/tokens.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>

using namespace postrider;
using namespace postrider::crypto;

namespace {

Keys test_keys(char const* secret) {
  std::vector<Secret> masters;
  masters.emplace_back(std::string(secret));
  return Keys::from_secrets(std::move(masters)).value();
}

Uuid random_uuid(Random& random) {
  Uuid id;
  random.fill(id.bytes);
  return id;
}

struct Sample {
  explicit Sample(std::uint64_t seed) {
    SeededRandom random(seed);
    tenant = TenantId(random_uuid(random));
    message = MessageId(random_uuid(random));
    contact = ContactId(random_uuid(random));
    version = TemplateVersionId(random_uuid(random));
    consent = random_uuid(random);
    link = static_cast<std::uint16_t>(random.next());
  }
  TenantId tenant;
  MessageId message;
  ContactId contact;
  TemplateVersionId version;
  Uuid consent;
  std::uint16_t link = 0;
};

// How many purposes accept the text.
int accepted(Tokens const& tokens, std::string_view text) {
  return (tokens.open(text) ? 1 : 0) + (tokens.click(text) ? 1 : 0) + (tokens.unsubscribe(text) ? 1 : 0) +
         (tokens.preferences(text) ? 1 : 0) + (tokens.confirm(text) ? 1 : 0) + (tokens.bounced_message(text) ? 1 : 0);
}

char other_case(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

TEST_CASE("a token decodes to what was encoded, and for one purpose only") {
  Tokens const tokens(test_keys("0123456789abcdef0123456789abcdef"));
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sample const s(seed);
    OpenToken const open{s.tenant, s.message};
    ClickToken const click{s.tenant, s.message, s.version, s.link};
    UnsubscribeToken const unsubscribe{s.tenant, s.message, s.contact};
    PreferencesToken const preferences{s.tenant, s.message, s.contact};
    ConfirmToken const confirm{s.tenant, s.contact, s.consent};
    CHECK(tokens.open(tokens.encode(open)) == open);
    CHECK(tokens.click(tokens.encode(click)) == click);
    CHECK(tokens.unsubscribe(tokens.encode(unsubscribe)) == unsubscribe);
    CHECK(tokens.preferences(tokens.encode(preferences)) == preferences);
    CHECK(tokens.confirm(tokens.encode(confirm)) == confirm);
    CHECK(tokens.bounced_message(tokens.bounce_local_part(s.message)) == s.message);
    for (auto const& text : {tokens.encode(open), tokens.encode(click), tokens.encode(unsubscribe), tokens.encode(preferences),
                             tokens.encode(confirm), tokens.bounce_local_part(s.message)}) {
      CHECK(accepted(tokens, text) == 1);
    }
  }
}

TEST_CASE("a forged, cut, extended or differently spelled token is refused") {
  Tokens const tokens(test_keys("0123456789abcdef0123456789abcdef"));
  Tokens const others(test_keys("fedcba9876543210fedcba9876543210"));
  Sample const s(1);
  for (auto const& text :
       {tokens.encode(OpenToken{s.tenant, s.message}), tokens.encode(ClickToken{s.tenant, s.message, s.version, s.link}),
        tokens.encode(UnsubscribeToken{s.tenant, s.message, s.contact}), tokens.encode(PreferencesToken{s.tenant, s.message, s.contact}),
        tokens.encode(ConfirmToken{s.tenant, s.contact, s.consent})}) {
    CHECK(accepted(others, text) == 0);
    auto const bytes = *from_base64url(text);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      auto changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      REQUIRE(accepted(tokens, base64url(changed)) == 0);
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      REQUIRE(accepted(tokens, text.substr(0, i)) == 0);
      REQUIRE(accepted(tokens, text.substr(i + 1)) == 0);
      auto flipped = text;
      flipped[i] = other_case(flipped[i]);
      REQUIRE((flipped == text || accepted(tokens, flipped) == 0));
      for (char const c : std::string_view("A_=-/+. \0%", 10)) {
        auto replaced = text;
        replaced[i] = c;
        REQUIRE((replaced == text || accepted(tokens, replaced) == 0));
      }
    }
    for (auto const* tail : {"A", "=", "==", "AAAA", ".gif", "\n"}) CHECK(accepted(tokens, text + tail) == 0);
    std::string upper = text;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    CHECK(accepted(tokens, upper) == 0);
  }
  CHECK(accepted(tokens, "") == 0);
  CHECK(accepted(tokens, std::string(100000, 'A')) == 0);
}

TEST_CASE("a bounce address survives changed case, fits a local part, and cannot be forged") {
  Tokens const tokens(test_keys("0123456789abcdef0123456789abcdef"));
  Sample const s(3);
  auto const local = tokens.bounce_local_part(s.message);
  CHECK(local.size() <= 64);
  std::string upper = local;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  CHECK(tokens.bounced_message(upper) == s.message);
  for (std::size_t i = 0; i < local.size(); ++i) {
    auto changed = local;
    changed[i] = changed[i] == 'a' ? 'c' : 'a';
    REQUIRE_FALSE(tokens.bounced_message(changed));
    REQUIRE_FALSE(tokens.bounced_message(local.substr(0, i)));
  }
  CHECK_FALSE(tokens.bounced_message(local + "a"));
}

TEST_CASE("making a token takes little time", "[.bench]") {
  Tokens const tokens(test_keys("0123456789abcdef0123456789abcdef"));
  Sample const s(2);
  ClickToken click{s.tenant, s.message, s.version, 0};
  std::size_t total = 0;
  auto const begin = std::chrono::steady_clock::now();
  constexpr int kRuns = 200000;
  for (int i = 0; i < kRuns; ++i) {
    click.link = static_cast<std::uint16_t>(i);
    total += tokens.encode(click).size();
  }
  auto const nanos = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kRuns;
  WARN("a click token takes " << nanos << " ns, " << total / kRuns << " characters");
}
