// The SMTP provider against a server that does everything a server can do wrong, at every step.
#include "support/mail_samples.h"
#include "support/results.h"
#include "support/smtp_server.h"

#include "delivery/providers/smtp.h"
#include "postrider/base/log.h"
#include "postrider/base/offload.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/private_key.h"
#include "postrider/delivery/dkim.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace postrider;
using namespace postrider::delivery;
using namespace std::chrono_literals;
using postrider::test::Misbehaviour;

namespace {

struct Watcher : HandOffObserver {
  bool may_hand_off(Envelope const& envelope) override {
    ++asked;
    return held_back.count(envelope.id) == 0;
  }
  bool phase(Envelope const& envelope, Phase phase, Outcome const* outcome) override {
    auto& log = phases[envelope.id];
    log += phase == Phase::begun ? 'b' : phase == Phase::dot ? 'd' : 'r';
    if (phase == Phase::replied) log += std::string(name(outcome->kind)).substr(0, 1);
    return !(refuse_phase && *refuse_phase == phase);
  }
  void settled(std::size_t index, Outcome const& outcome) override {
    CHECK(settled_once.insert(index).second);
    last = outcome;
  }
  int asked = 0;
  std::set<MessageId> held_back;
  std::optional<Phase> refuse_phase;
  std::map<MessageId, std::string> phases;
  std::set<std::size_t> settled_once;
  Outcome last;
};

MessageId message_id(int number) { return MessageId(uuid_from_name("message " + std::to_string(number))); }

std::vector<Envelope> letters(int count, std::string const& body = "Hello.\n") {
  std::vector<Envelope> all;
  for (int i = 0; i < count; ++i) {
    Envelope envelope;
    envelope.id = message_id(i);
    envelope.letter.from = {"news@example.com", "Acme"};
    envelope.letter.to = {"jane" + std::to_string(i) + "@example.net", "Jane"};
    envelope.letter.subject = "Number " + std::to_string(i);
    envelope.letter.text = body;
    all.push_back(std::move(envelope));
  }
  return all;
}

struct Stage {
  Stage() : server(context), offload(1) {
    log::set_sink([](std::string_view) {});
    settings.host = "127.0.0.1";
    settings.port = server.port();
    settings.security = SmtpSecurity::none;
    settings.max_connections = 1;
    options.host_name = "mail.acme.example";
    options.command_time = 300ms;
    options.connect_time = 300ms;
    options.final_reply_time = 300ms;
    options.idle_time = 100ms;
    options.trusted_certificates = test::ScriptedServer::certificate();
  }

  ~Stage() { log::set_sink({}); }

  std::vector<Outcome> deliver(std::vector<Envelope> batch) {
    std::vector<Outcome> outcomes;
    auto const size = batch.size();
    run_to_end(context, deliver_and_close(std::move(batch), outcomes));
    CHECK(outcomes.size() == size);
    CHECK(watcher.settled_once.size() == size);
    CHECK(joined() == "");
    return outcomes;
  }
  Outcome deliver_one() { return deliver(letters(1)).at(0); }

  Task<void> deliver_and_close(std::vector<Envelope> batch, std::vector<Outcome>& outcomes) {
    SmtpProvider provider(context.get_executor(), offload, settings, options);
    outcomes = co_await provider.deliver(std::move(batch), watcher);
    co_await provider.close();
  }

  std::string joined() const {
    std::string text;
    for (auto const& problem : server.problems) text += problem + "; ";
    return text;
  }
  std::string phases(int number = 0) { return watcher.phases[message_id(number)]; }

  boost::asio::io_context context;
  test::ScriptedServer server;
  Offload offload;
  SmtpSettings settings;
  SmtpOptions options;
  Watcher watcher;
};

std::string kind(Outcome const& outcome) { return std::string(name(outcome.kind)); }

}  // namespace

TEST_CASE("a message is handed over, its phases are told, its queue id is kept") {
  Stage stage;
  auto const outcome = stage.deliver_one();
  CHECK(kind(outcome) == "accepted");
  CHECK(outcome.provider_message_id == "T1");
  CHECK(outcome.code == 250);
  CHECK(stage.phases() == "bdra");
  REQUIRE(stage.server.accepted.size() == 1);
  CHECK(stage.server.accepted[0].find("Message-ID: <" + message_id(0).str() + "@example.com>\r\n") != std::string::npos);
  CHECK(stage.server.commands[0] == "EHLO mail.acme.example");
  CHECK(stage.server.commands[1].starts_with("MAIL FROM:<news@example.com> SIZE="));
  CHECK(stage.server.commands[2] == "RCPT TO:<jane0@example.net>");
  CHECK(stage.server.commands.back() == "QUIT");
}

TEST_CASE("many messages share the connections and arrive once each, in any fashion of replies") {
  for (std::size_t const pieces : {0, 1, 3}) {
    for (bool const pipelining : {true, false}) {
      Stage stage;
      stage.server.bytes_at_a_time = pieces;
      if (!pipelining) stage.server.abilities = {};
      stage.settings.max_connections = 4;
      auto const outcomes = stage.deliver(letters(250));
      for (auto const& outcome : outcomes) CHECK(kind(outcome) == "accepted");
      std::set<std::string> const different(stage.server.accepted.begin(), stage.server.accepted.end());
      CHECK(different.size() == 250);
      CHECK(stage.server.accepted.size() == 250);
      CHECK(stage.server.most_open <= 4);
      CHECK(stage.server.connections <= 8);
    }
  }
}

TEST_CASE("a connection serves so many messages and no more") {
  Stage stage;
  stage.options.messages_per_connection = 10;
  stage.deliver(letters(95));
  CHECK(stage.server.connections == 10);
  CHECK(stage.server.accepted.size() == 95);
}

TEST_CASE("a server without EHLO is greeted with HELO") {
  Stage stage;
  stage.server.script = {{.at = "EHLO", .reply = "502 5.5.1 no\r\n"}};
  CHECK(kind(stage.deliver_one()) == "accepted");
  CHECK(stage.server.commands[1] == "HELO mail.acme.example");
}

TEST_CASE("each refusal at each step is judged, and the next message still goes") {
  struct Row {
    char const* at;
    char const* reply;
    char const* expected;
    char const* bounce;
  };
  for (bool const pipelining : {true, false}) {
    for (auto const& row : std::initializer_list<Row>{
             {"MAIL", "451 4.3.0 later\r\n", "temporary", "none"},
             {"MAIL", "550 5.7.1 sender blocked\r\n", "policy", "block"},
             {"MAIL", "530 5.7.0 authentication required\r\n", "configuration", "none"},
             {"RCPT", "450 4.2.1 greylisted\r\n", "temporary", "soft"},
             {"RCPT", "550-5.1.1 no such\r\n550 5.1.1 user\r\n", "permanent", "hard"},
             {"RCPT", "552 5.2.2 full\r\n", "permanent", "soft"},
             {"DATA", "451 4.3.0 not now\r\n", "temporary", "none"},
             {"DATA", "554 5.7.1 no\r\n", "policy", "block"},
             {".", "451 4.7.1 try later\r\n", "temporary", "block"},
             {".", "554 5.7.1 spam\r\n", "policy", "block"},
             {".", "552 5.3.4 too big\r\n", "permanent", "content"},
         }) {
      INFO(row.at << " " << row.reply << " pipelining " << pipelining);
      Stage stage;
      if (!pipelining) stage.server.abilities = {};
      stage.server.script = {{.at = row.at, .reply = row.reply, .times = 1}};
      auto const outcomes = stage.deliver(letters(3));
      CHECK(kind(outcomes[0]) == row.expected);
      CHECK(std::string(name(outcomes[0].bounce)) == row.bounce);
      CHECK(kind(outcomes[1]) == "accepted");
      CHECK(kind(outcomes[2]) == "accepted");
      CHECK(stage.server.accepted.size() == 2);
      CHECK(stage.server.connections == 1);
      CHECK(stage.phases(0) == (std::string(row.at) == "." ? "bdr" : "br") + std::string(row.expected).substr(0, 1));
    }
  }
}

TEST_CASE("a server that takes no recipient but asks for the text gets an empty one") {
  Stage stage;
  stage.server.script = {{.at = "RCPT", .reply = "550 5.1.1 no\r\n", .times = 1}, {.at = "DATA", .reply = "354 well then\r\n", .times = 1}};
  auto const outcomes = stage.deliver(letters(2));
  CHECK(kind(outcomes[0]) == "permanent");
  CHECK(kind(outcomes[1]) == "accepted");
  CHECK(stage.phases(0) == "brp");
  CHECK(stage.server.accepted.size() == 1);
}

TEST_CASE("a connection that is lost, silent or broken before the message leaves it unsent") {
  for (auto const* at : {"connect", "EHLO", "MAIL", "RCPT", "DATA"}) {
    for (int way = 0; way < 4; ++way) {
      for (bool const pipelining : {true, false}) {
        INFO(at << " way " << way << " pipelining " << pipelining);
        Stage stage;
        if (!pipelining) stage.server.abilities = {};
        Misbehaviour what{.at = at, .times = 1};
        if (way == 0) what.close = true;
        if (way == 1) what.hang = true;
        if (way == 2) what.reply = "421 4.3.2 shutting down\r\n", what.close = true;
        if (way == 3) what.reply = "nonsense\r\n";
        stage.server.script = {what};
        auto const outcome = stage.deliver_one();
        CHECK(kind(outcome) == "temporary");
        CHECK(outcome.provider_fault);
        CHECK_FALSE(outcome.reply.empty());
        CHECK(stage.server.taken.empty());
        CHECK(stage.phases().find('d') == std::string::npos);
      }
    }
  }
}

TEST_CASE("a connection that is lost or silent after the message leaves it uncertain, and it is not tried again") {
  for (int way = 0; way < 3; ++way) {
    INFO("way " << way);
    Stage stage;
    Misbehaviour what{.at = ".", .times = 1};
    if (way == 0) what.close = true;
    if (way == 1) what.hang = true;
    if (way == 2) what.reply = "nonsense\r\n";
    stage.server.script = {what};
    auto const outcomes = stage.deliver(letters(2));
    CHECK(kind(outcomes[0]) == "uncertain");
    CHECK(stage.phases(0) == "bdru");
    CHECK(kind(outcomes[1]) == "accepted");
    CHECK(stage.server.taken.size() == 2);
    CHECK(stage.server.connections == 2);
  }
}

TEST_CASE("a negative reply to the message, even with the connection closed behind it, means not sent") {
  Stage stage;
  stage.server.script = {{.at = ".", .reply = "421 4.3.0 closing\r\n", .close = true, .times = 1}};
  auto const outcomes = stage.deliver(letters(2));
  CHECK(kind(outcomes[0]) == "temporary");
  CHECK(outcomes[0].retry_after);
  CHECK(kind(outcomes[1]) == "accepted");
}

TEST_CASE("a long message that is cut in the middle is not sent, and the server's last words count") {
  std::string const body(30'000'000, 'x');
  for (auto const* words : {"", "552 5.3.4 too big for us\r\n"}) {
    Stage stage;
    stage.server.abilities = {"PIPELINING"};
    stage.options.final_reply_time = 5s;
    stage.server.script = {{.at = "text", .reply = words, .close = true, .times = 1}};
    auto const outcome = stage.deliver(letters(1, body)).at(0);
    INFO(outcome.reply);
    // What the server said may be lost with the connection; both judgements say that it was not sent.
    CHECK((kind(outcome) == "temporary" || (*words != '\0' && kind(outcome) == "permanent")));
    CHECK(stage.phases().find('d') == std::string::npos);
  }
}

TEST_CASE("a big message arrives whole") {
  Stage stage;
  stage.options.final_reply_time = 20s;
  std::string body;
  while (body.size() < 3'000'000) body += "A line of text that goes on, and on = on.\n";
  auto const batch = letters(1, body);
  auto const expected = build_mail(batch[0]).value().bytes;
  CHECK(kind(stage.deliver(batch).at(0)) == "accepted");
  CHECK(stage.server.accepted.at(0) == expected);
}

TEST_CASE("an idle connection that the server has closed costs no message") {
  Stage stage;
  stage.options.idle_time = 10s;
  // The server hangs up at the second MAIL, as one does that timed out meanwhile.
  stage.server.script = {{.at = "MAIL", .close = true, .times = 1, .after = 1}};
  auto outcomes = stage.deliver(letters(2));
  CHECK(kind(outcomes[0]) == "accepted");
  CHECK(kind(outcomes[1]) == "accepted");
  CHECK(stage.server.connections == 2);
  CHECK(stage.phases(1) == "bbdra");

  Stage other;
  other.server.script = {{.at = "MAIL", .reply = "421 4.4.2 you are through\r\n", .close = true, .times = 1, .after = 1}};
  outcomes = other.deliver(letters(2));
  CHECK(kind(outcomes[1]) == "accepted");
  CHECK(other.server.connections == 2);
}

TEST_CASE("nothing goes to the server that the observer holds back") {
  Stage stage;
  stage.watcher.held_back = {message_id(1)};
  auto outcomes = stage.deliver(letters(3));
  CHECK(kind(outcomes[1]) == "not_sent");
  CHECK(stage.phases(1).empty());
  CHECK(stage.server.accepted.size() == 2);
  for (auto const refused : {Phase::begun, Phase::dot}) {
    Stage other;
    other.watcher.refuse_phase = refused;
    CHECK(kind(other.deliver_one()) == "not_sent");
    CHECK(other.server.taken.empty());
  }
}

TEST_CASE("a refused connection ends all waiting messages at once, one among others does not") {
  Stage stage;
  stage.settings.max_connections = 5;
  {
    boost::asio::io_context other;
    test::ScriptedServer const gone(other);
    stage.settings.port = gone.port();
  }
  auto const begin = std::chrono::steady_clock::now();
  for (auto const& outcome : stage.deliver(letters(500))) {
    CHECK(kind(outcome) == "temporary");
    CHECK(outcome.provider_fault);
    CHECK(outcome.reply.find("could not connect to 127.0.0.1") == 0);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 2s);

  Stage limited;
  limited.settings.max_connections = 10;
  limited.server.connections_at_most = 3;
  for (auto const& outcome : limited.deliver(letters(200))) CHECK(kind(outcome) == "accepted");
  CHECK(limited.server.accepted.size() == 200);
  CHECK(limited.server.connections < 25);
}

TEST_CASE("a host without a name says so") {
  Stage stage;
  stage.settings.host = "no-such-host.invalid";
  stage.options.connect_time = 5s;
  auto const outcome = stage.deliver_one();
  CHECK(kind(outcome) == "temporary");
  CHECK(outcome.reply.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a server that is no SMTP server for us stops the provider") {
  Stage stage;
  stage.server.script = {{.at = "connect", .reply = "554 5.7.1 your address is blocked\r\n", .close = true}};
  auto const outcome = stage.deliver_one();
  CHECK(kind(outcome) == "configuration");
  CHECK(outcome.reply == "5.7.1 your address is blocked");
}

TEST_CASE("login works both ways, and wrong credentials stop the provider") {
  for (auto const* way : {"AUTH PLAIN LOGIN", "AUTH LOGIN"}) {
    Stage stage;
    stage.server.abilities = {"PIPELINING", way};
    stage.settings.username = "user";
    stage.settings.password = Secret("pass");
    auto const plain = std::string_view(way).find("PLAIN") != std::string_view::npos;
    stage.server.password = plain ? crypto::base64(std::string("\0user\0pass", 10)) : crypto::base64("pass");
    CHECK(kind(stage.deliver_one()) == "accepted");
    Stage wrong;
    wrong.server.abilities = {"PIPELINING", way};
    wrong.settings = stage.settings;
    wrong.settings.port = wrong.server.port();
    wrong.server.password = "other";
    auto const outcome = wrong.deliver_one();
    CHECK(kind(outcome) == "configuration");
    CHECK(outcome.code == 535);
    CHECK(outcome.reply.find("pass") == std::string::npos);
  }
  Stage none;
  none.settings.username = "user";
  CHECK(kind(none.deliver_one()) == "configuration");
}

TEST_CASE("encrypted from the start or by STARTTLS, the certificate must be good") {
  for (bool const from_start : {true, false}) {
    auto const prepare = [&](Stage& stage) {
      stage.settings.host = "localhost";
      stage.settings.security = from_start ? SmtpSecurity::tls : SmtpSecurity::starttls;
      stage.server.implicit_tls = from_start;
      stage.server.abilities.push_back("STARTTLS");
      stage.options.command_time = stage.options.connect_time = stage.options.final_reply_time = 3s;
    };
    INFO("from start " << from_start);
    Stage trusted;
    prepare(trusted);
    CHECK(kind(trusted.deliver_one()) == "accepted");
    if (!from_start) CHECK(trusted.server.commands.at(2).starts_with("EHLO"));

    Stage unknown;
    prepare(unknown);
    unknown.options.trusted_certificates.clear();
    auto outcome = unknown.deliver_one();
    CHECK(kind(outcome) == "configuration");
    CHECK(outcome.reply.find("certificate") != std::string::npos);
    CHECK(unknown.server.taken.empty());

    Stage accepting;
    prepare(accepting);
    accepting.options.trusted_certificates.clear();
    accepting.settings.verify_certificate = false;
    CHECK(kind(accepting.deliver_one()) == "accepted");

    Stage misnamed;
    prepare(misnamed);
    misnamed.settings.host = "127.0.0.1";
    outcome = misnamed.deliver_one();
    CHECK(kind(outcome) == "configuration");
    CHECK(outcome.reply.find("not for 127.0.0.1") != std::string::npos);
  }
}

TEST_CASE("a server without STARTTLS gets nothing in the clear") {
  Stage stage;
  stage.settings.security = SmtpSecurity::starttls;
  stage.settings.username = "user";
  auto const outcome = stage.deliver_one();
  CHECK(kind(outcome) == "configuration");
  for (auto const& command : stage.server.commands) CHECK(command.starts_with("EHLO"));
  Stage failing;
  failing.settings.security = SmtpSecurity::starttls;
  failing.server.abilities.push_back("STARTTLS");
  failing.server.script = {{.at = "STARTTLS", .reply = "454 4.7.0 not now\r\n"}};
  CHECK(kind(failing.deliver_one()) == "temporary");
}

TEST_CASE("replies slipped in before the encryption are not believed") {
  Stage stage;
  stage.settings.host = "localhost";
  stage.settings.security = SmtpSecurity::starttls;
  stage.settings.username = "user";
  stage.settings.password = Secret("pass");
  stage.server.password = crypto::base64(std::string("\0user\0pass", 10));
  // A forged answer to EHLO comes in one piece with the 220, in the clear; then the conversation is really encrypted.
  stage.server.injects = true;
  stage.server.abilities = {"STARTTLS", "AUTH PLAIN"};
  stage.server.script = {{.at = "STARTTLS", .reply = "220 ready\r\n250-evil\r\n250 AUTH LOGIN\r\n", .times = 1}};
  CHECK(kind(stage.deliver_one()) == "accepted");
  CHECK(stage.server.commands.at(3).starts_with("AUTH PLAIN"));

  // And where nobody encrypts after that, neither login nor mail follows.
  Stage other;
  other.settings = stage.settings;
  other.settings.port = other.server.port();
  other.options.command_time = 500ms;
  other.server.abilities = stage.server.abilities;
  other.server.script = {{.at = "STARTTLS", .reply = "220 ready\r\n250-evil\r\n250 AUTH LOGIN\r\n", .times = 1}};
  CHECK(kind(other.deliver_one()) == "temporary");
  CHECK(other.server.taken.empty());
  for (auto const& command : other.server.commands) CHECK_FALSE(command.starts_with("AUTH"));
}

TEST_CASE("limits that the server states are kept without asking it") {
  Stage stage;
  stage.server.abilities = {"PIPELINING", "SIZE 2000"};
  auto outcomes = stage.deliver(letters(1, std::string(3000, 'x')));
  CHECK(kind(outcomes[0]) == "permanent");
  CHECK(std::string(name(outcomes[0].bounce)) == "content");
  CHECK(stage.watcher.asked == 0);

  auto foreign = letters(1);
  foreign[0].letter.to.email = "jané@bücher.example";
  Stage plain;
  outcomes = plain.deliver(foreign);
  CHECK(kind(outcomes[0]) == "permanent");
  CHECK(std::string(name(outcomes[0].bounce)) == "none");
  Stage able;
  able.server.abilities = {"PIPELINING", "SMTPUTF8", "8BITMIME"};
  CHECK(kind(able.deliver(foreign).at(0)) == "accepted");
  CHECK(able.server.commands.at(1) == "MAIL FROM:<news@example.com> BODY=8BITMIME SMTPUTF8");
  CHECK(able.server.commands.at(2) == "RCPT TO:<jané@xn--bcher-kva.example>");
}

TEST_CASE("what cannot be built fails alone") {
  Stage stage;
  auto batch = letters(3);
  batch[1].letter.to.email = "evil@example.net>\r\nRCPT TO:<victim@example.net";
  auto const outcomes = stage.deliver(batch);
  CHECK(kind(outcomes[0]) == "accepted");
  CHECK(kind(outcomes[1]) == "permanent");
  CHECK(std::string(name(outcomes[1].bounce)) == "hard");
  CHECK(kind(outcomes[2]) == "accepted");
  CHECK(stage.server.accepted.size() == 2);
}

TEST_CASE("signed messages are built apart and arrive as they were signed") {
  Stage stage;
  stage.settings.max_connections = 3;
  std::vector<DkimKey> keys;
  keys.push_back({"pr1", crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa).to_pem()});
  auto const signer = DkimSigner::create("example.com", keys).value();
  auto batch = letters(20);
  for (auto& envelope : batch) envelope.dkim = signer;
  for (auto const& outcome : stage.deliver(batch)) CHECK(kind(outcome) == "accepted");
  std::multiset<std::string> expected;
  for (auto const& envelope : batch) expected.insert(build_mail(envelope).value().bytes);
  CHECK(std::multiset<std::string>(stage.server.accepted.begin(), stage.server.accepted.end()) == expected);
}

TEST_CASE("nasty mails arrive byte for byte as one message each") {
  Stage stage;
  stage.settings.max_connections = 2;
  stage.server.abilities = {"PIPELINING", "SMTPUTF8"};
  test::MailSamples samples(31);
  std::vector<Envelope> batch;
  std::multiset<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    batch.push_back(samples.envelope());
    expected.insert(build_mail(batch.back()).value().bytes);
  }
  for (auto const& outcome : stage.deliver(batch)) CHECK(kind(outcome) == "accepted");
  CHECK(std::multiset<std::string>(stage.server.accepted.begin(), stage.server.accepted.end()) == expected);
}

namespace {
Task<void> deliver_into(SmtpProvider& provider, Watcher& watcher, std::vector<Outcome>& outcomes, int count) {
  outcomes = co_await provider.deliver(letters(count), watcher);
}
Task<void> close_in_between(Stage& stage, std::vector<Outcome>& outcomes, std::vector<Outcome>& late) {
  SmtpProvider provider(stage.context.get_executor(), stage.offload, stage.settings, stage.options);
  TaskGroup group(stage.context.get_executor());
  group.spawn("deliver", deliver_into(provider, stage.watcher, outcomes, 50));
  while (stage.server.accepted.size() < 5) co_await yield();
  co_await provider.close();
  co_await group.join();
  Watcher other;
  late = co_await provider.deliver(letters(2), other);
  co_await provider.close();
}
}  // namespace

TEST_CASE("closing finishes what has begun and gives the rest back unsent") {
  Stage stage;
  stage.settings.max_connections = 2;
  std::vector<Outcome> outcomes;
  std::vector<Outcome> late;
  run_to_end(stage.context, close_in_between(stage, outcomes, late));
  std::size_t accepted = 0;
  for (auto const& outcome : outcomes) {
    CHECK((kind(outcome) == "accepted" || kind(outcome) == "not_sent"));
    if (kind(outcome) == "accepted") ++accepted;
  }
  CHECK(accepted == stage.server.accepted.size());
  CHECK(accepted < 50);
  REQUIRE(late.size() == 2);
  CHECK(kind(late[0]) == "not_sent");
}

namespace {
Task<void> run_check(Stage& stage, CheckReport& report) {
  SmtpProvider provider(stage.context.get_executor(), stage.offload, stage.settings, stage.options);
  report = co_await provider.check();
  co_await provider.close();
}
}  // namespace

TEST_CASE("a check tries everything but sends nothing") {
  Stage stage;
  CheckReport report;
  run_to_end(stage.context, run_check(stage, report));
  CHECK(report.good());
  CHECK(report.items.at(0).name == "connect");
  CHECK(stage.server.commands.back() == "QUIT");
  CHECK(stage.server.taken.empty());
  stage.settings.username = "user";
  run_to_end(stage.context, run_check(stage, report));
  CHECK_FALSE(report.good());
  CHECK(report.items.back().name == "login");
}
