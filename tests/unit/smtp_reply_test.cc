#include "delivery/providers/smtp_reply.h"

#include "delivery/providers/mime_encoding.h"
#include "postrider/base/random.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace postrider;
using namespace postrider::delivery;

namespace {

std::vector<SmtpReply> replies(std::string_view bytes, std::size_t step) {
  SmtpReplyParser parser;
  std::vector<SmtpReply> all;
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (auto reply = parser.next()) all.push_back(std::move(*reply));
  }
  return all;
}

bool breaks(std::string_view bytes) {
  SmtpReplyParser parser;
  parser.feed(bytes);
  while (parser.next()) {
  }
  return parser.broken();
}

}  // namespace

TEST_CASE("replies are read the same however their bytes are split") {
  auto const text = "220 mx ready\r\n250-mx.example.net\r\n250-SIZE 1000\r\n250 OK\r\n550 5.1.1 no such user\r\n354\r\n250 2.0.0 Ok: queued as 4XYZ\n";
  for (std::size_t step = 1; step < 130; ++step) {
    auto const all = replies(text, step);
    REQUIRE(all.size() == 5);
    CHECK(all[0].code == 220);
    CHECK(all[1].text == "mx.example.net\nSIZE 1000\nOK");
    CHECK(all[1].enhanced.empty());
    CHECK(all[2].enhanced == "5.1.1");
    CHECK(all[3].code == 354);
    CHECK(all[4].text == "2.0.0 Ok: queued as 4XYZ");
  }
}

TEST_CASE("what is no reply breaks the parser for good") {
  for (auto const* bad : {"hello\r\n", "25\r\n", "\r\n", "150 early\r\n", "650 late\r\n", "250_ok\r\n", "250-a\r\n251 b\r\n", "2x0 a\r\n", " 250 a\r\n"}) {
    INFO(bad);
    CHECK(breaks(bad));
  }
  CHECK(breaks(std::string(5000, '2')));
  CHECK(breaks("250 " + std::string(5000, 'x') + "\r\n"));
  std::string endless;
  for (int i = 0; i < 300; ++i) endless += "250-more\r\n";
  CHECK(breaks(endless));
}

TEST_CASE("random bytes never make the parser misbehave") {
  SeededRandom random(9);
  for (int run = 0; run < 300; ++run) {
    SmtpReplyParser parser;
    for (int i = 0; i < 50 && !parser.broken(); ++i) {
      std::string bytes;
      auto const size = random.next() % 20;
      for (std::size_t k = 0; k < size; ++k) bytes += "0123456789- \r\nabc\0\xFF"[random.next() % 19];
      parser.feed(bytes);
      while (auto const reply = parser.next()) {
        CHECK(reply->code >= 200);
        auto const outcome = judge(*reply, static_cast<SmtpStep>(random.next() % 8));
        CHECK(outcome.reply.size() <= 500);
      }
    }
  }
}

TEST_CASE("abilities are read from the answer to EHLO") {
  auto const all = replies("250-mx PIPELINING\r\n250-pipelining\r\n250-SIZE 35882577\r\n250-STARTTLS\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN login XOAUTH2\r\n250 DSN\r\n", 7);
  auto const abilities = read_abilities(all.at(0));
  CHECK(abilities.pipelining);
  CHECK(abilities.starttls);
  CHECK(abilities.eight_bit);
  CHECK(abilities.smtputf8);
  CHECK(abilities.auth_plain);
  CHECK(abilities.auth_login);
  CHECK(abilities.size_limit == 35882577);
  auto const none = read_abilities(replies("250 PIPELINING\r\n", 99).at(0));
  CHECK_FALSE(none.pipelining);
  CHECK(read_abilities(replies("250-mx\r\n250-AUTH=LOGIN\r\n250 SIZE\r\n", 99).at(0)).auth_login);
}

TEST_CASE("replies are judged by the table of the reference") {
  struct Row {
    char const* line;
    SmtpStep step;
    OutcomeKind kind;
    BounceClass bounce;
    bool provider_fault;
  };
  using enum SmtpStep;
  using K = OutcomeKind;
  using B = BounceClass;
  for (auto const& row : std::initializer_list<Row>{
           {"250 2.0.0 Ok: queued as 4XYZ", body, K::accepted, B::none, false},
           {"250 ok", body, K::accepted, B::none, false},
           {"354 go", body, K::uncertain, B::none, true},
           {"250 what", data, K::temporary, B::none, true},
           {"421 4.3.2 shutting down", greeting, K::temporary, B::none, true},
           {"421 4.7.0 too many", mail, K::temporary, B::none, true},
           {"421 closing", body, K::temporary, B::none, true},
           {"450 4.2.1 busy", rcpt, K::temporary, B::soft, false},
           {"450 4.7.1 greylisted", rcpt, K::temporary, B::block, false},
           {"451 4.3.0 trouble", rcpt, K::temporary, B::none, true},
           {"451 local error", body, K::temporary, B::none, false},
           {"452 4.2.2 full", rcpt, K::temporary, B::soft, false},
           {"452 4.3.1 no space", mail, K::temporary, B::none, true},
           {"454 4.7.0 TLS not available", starttls, K::temporary, B::none, true},
           {"454 4.7.0 try later", auth, K::temporary, B::none, true},
           {"432 4.7.12 password transition", auth, K::configuration, B::none, true},
           {"534 5.7.9 too weak", auth, K::configuration, B::none, true},
           {"535 5.7.8 bad credentials", auth, K::configuration, B::none, true},
           {"530 5.7.0 Must issue a STARTTLS command first", mail, K::configuration, B::none, true},
           {"530 5.7.1 Authentication required", rcpt, K::configuration, B::none, true},
           {"554 no SMTP service here", greeting, K::configuration, B::none, true},
           {"502 not implemented", hello, K::configuration, B::none, true},
           {"501 5.5.4 bad argument", mail, K::permanent, B::none, false},
           {"503 5.5.1 bad sequence", data, K::permanent, B::none, false},
           {"500 what", rcpt, K::permanent, B::none, false},
           {"555 5.5.4 unsupported", mail, K::permanent, B::none, false},
           {"550 5.1.1 no such user", rcpt, K::permanent, B::hard, false},
           {"550 5.1.1 no such user", body, K::permanent, B::hard, false},
           {"550 5.1.2 no such domain", rcpt, K::permanent, B::hard, false},
           {"501 5.1.3 bad address", rcpt, K::permanent, B::hard, false},
           {"550 5.1.6 moved", rcpt, K::permanent, B::hard, false},
           {"556 5.1.10 null MX", rcpt, K::permanent, B::hard, false},
           {"550 5.1.0 sender rejected", mail, K::policy, B::block, false},
           {"553 5.1.8 sender's domain not found", rcpt, K::policy, B::block, false},
           {"550 5.2.1 disabled", rcpt, K::permanent, B::hard, false},
           {"552 5.2.2 full", rcpt, K::permanent, B::soft, false},
           {"552 5.2.3 too big", body, K::permanent, B::content, false},
           {"552 5.3.4 too big", mail, K::permanent, B::content, false},
           {"552 too big", body, K::permanent, B::content, false},
           {"552 full", rcpt, K::permanent, B::soft, false},
           {"550 5.4.1 access denied", rcpt, K::permanent, B::hard, false},
           {"550 5.4.4 no route", rcpt, K::permanent, B::hard, false},
           {"554 5.4.6 loop", body, K::permanent, B::soft, false},
           {"554 5.6.0 bad content", body, K::permanent, B::content, false},
           {"550 5.7.1 blocked", rcpt, K::policy, B::block, false},
           {"554 5.7.1 spam", body, K::policy, B::block, false},
           {"550 5.7.26 unauthenticated", body, K::policy, B::block, false},
           {"550 5.7.515 unauthenticated", body, K::policy, B::block, false},
           {"550 5.7.17 new owner", rcpt, K::permanent, B::hard, false},
           {"550 no such user", rcpt, K::permanent, B::hard, false},
           {"551 not local", rcpt, K::permanent, B::hard, false},
           {"553 bad name", rcpt, K::permanent, B::hard, false},
           {"550 rejected as spam", body, K::policy, B::block, false},
           {"553 sender not allowed", mail, K::policy, B::block, false},
           {"554 refused", rcpt, K::policy, B::block, false},
           {"571 blocked", rcpt, K::policy, B::block, false},
           {"556 no mail here", rcpt, K::permanent, B::hard, false},
           {"550 4.1.1 contradiction", rcpt, K::permanent, B::hard, false},
       }) {
    INFO(row.line << " at step " << static_cast<int>(row.step));
    auto const reply = replies(std::string(row.line) + "\r\n", 999).at(0);
    auto const outcome = judge(reply, row.step);
    CHECK(std::string(name(outcome.kind)) == std::string(name(row.kind)));
    CHECK(std::string(name(outcome.bounce)) == std::string(name(row.bounce)));
    CHECK(outcome.provider_fault == row.provider_fault);
    CHECK(outcome.code == reply.code);
  }
}

TEST_CASE("the queue id of the relay becomes the provider's message id") {
  auto const id = [](char const* line) { return judge(replies(std::string(line) + "\r\n", 999).at(0), SmtpStep::body).provider_message_id; };
  CHECK(id("250 2.0.0 Ok: queued as 4XYZ") == "4XYZ");
  CHECK(id("250 OK id=1rAbCd-000Ab-2X") == "1rAbCd-000Ab-2X");
  CHECK(id("250 Ok").empty());
}

TEST_CASE("what is kept of a reply is printable, valid and short") {
  CHECK(bounded_reply("a\nb\x1B[31m\r\tc") == "a / b[31mc");
  std::string text(499, 'x');
  CHECK(bounded_reply(text + "é").size() == 499);
  CHECK(is_valid_utf8(bounded_reply(std::string(900, '\xFF'))));
  CHECK(bounded_reply(std::string(900, '\xFF')).size() <= 500);
}
