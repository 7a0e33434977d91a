#include "support/smtp_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <set>

namespace postrider::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using asio::use_awaitable;

namespace {

struct Identity {
  std::string certificate;
  std::string key;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto const size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

Identity make_identity() {
  auto* const key = EVP_EC_gen("P-256");
  auto* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  auto* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  auto* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  auto* const certificate_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_bio, certificate);
  auto* const key_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_bio), text_of(key_bio)};
}

Identity const& identity() {
  static Identity const made = make_identity();
  return made;
}

}  // namespace

struct ScriptedServer::State {
  State(ScriptedServer& s, asio::io_context& c)
      : server(&s), acceptor(c, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), tls(asio::ssl::context::tls_server) {
    auto const& own = identity();
    tls.use_certificate_chain(asio::buffer(own.certificate));
    tls.use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
  }
  ScriptedServer* server;  // null once the test is over
  tcp::acceptor acceptor;
  asio::ssl::context tls;
  std::set<tcp::socket*> sockets;
};

namespace {

using StatePtr = std::shared_ptr<ScriptedServer::State>;

struct Conversation {
  Conversation(StatePtr s, tcp::socket so) : state(std::move(s)), socket(std::move(so)) {
    state->sockets.insert(&socket);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto& server = *state->server;
    ++server.connections;
    server.most_open = std::max(server.most_open, ++server.open_connections);
  }
  ~Conversation() {
    state->sockets.erase(&socket);
    if (state->server != nullptr) --state->server->open_connections;
  }

  StatePtr state;
  tcp::socket socket;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls;
  std::string buffer;
  bool over = false;

  Task<void> say(std::string text) {
    auto const step = state->server->bytes_at_a_time == 0 ? text.size() : state->server->bytes_at_a_time;
    boost::system::error_code error;
    for (std::size_t at = 0; at < text.size() && !error; at += step) {
      auto const piece = asio::buffer(text.data() + at, std::min(step, text.size() - at));
      if (tls) {
        co_await asio::async_write(*tls, piece, asio::redirect_error(use_awaitable, error));
      } else {
        co_await asio::async_write(socket, piece, asio::redirect_error(use_awaitable, error));
      }
      if (step < text.size()) co_await yield();
    }
    if (error) over = true;
  }

  Task<bool> hear() {
    char bytes[8192];
    boost::system::error_code error;
    std::size_t got = 0;
    auto const space = asio::buffer(bytes);
    if (tls) {
      got = co_await tls->async_read_some(space, asio::redirect_error(use_awaitable, error));
    } else {
      got = co_await socket.async_read_some(space, asio::redirect_error(use_awaitable, error));
    }
    buffer.append(bytes, got);
    co_return !error && state->server != nullptr;
  }

  // Nothing when the connection ended.
  Task<std::optional<std::string>> line() {
    while (true) {
      auto const end = buffer.find("\r\n");
      if (end != std::string::npos) {
        auto text = buffer.substr(0, end);
        buffer.erase(0, end + 2);
        if (text.find_first_of("\r\n") != std::string::npos) state->server->problems.push_back("a bare CR or LF in a command");
        co_return text;
      }
      auto const more = co_await hear();
      if (!more) co_return std::nullopt;
    }
  }

  // The misbehaviour that is due here, if any.
  Misbehaviour* due(std::string_view at) {
    for (auto& entry : state->server->script) {
      if (entry.at != at) continue;
      if (entry.after > 0) {
        --entry.after;
        continue;
      }
      if (entry.times-- > 0) return &entry;
    }
    return nullptr;
  }

  // True when the usual answer has been replaced.
  Task<bool> misbehave(std::string at) {
    auto* const found = due(at);
    if (found == nullptr) co_return false;
    auto const what = *found;
    if (what.hang) {
      while (co_await hear()) {
      }
      over = true;
      co_return true;
    }
    co_await say(what.reply);
    if (what.close) {
      over = true;
      boost::system::error_code ignored;
      socket.close(ignored);
    }
    co_return true;
  }
};

Task<void> encrypt(Conversation& talk) {
  talk.buffer.clear();
  talk.tls = std::make_unique<asio::ssl::stream<tcp::socket&>>(talk.socket, talk.state->tls);
  boost::system::error_code error;
  co_await talk.tls->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(use_awaitable, error));
  if (error) talk.over = true;
}

Task<void> take_text(Conversation& talk) {
  auto& server = *talk.state->server;
  auto const strange = co_await talk.misbehave("text");
  if (strange && talk.over) co_return;
  while (talk.buffer.find("\r\n.\r\n") == std::string::npos && !talk.buffer.starts_with(".\r\n")) {
    auto const more = co_await talk.hear();
    if (!more) {
      talk.over = true;
      co_return;
    }
  }
  auto const end = talk.buffer.starts_with(".\r\n") ? 0 : talk.buffer.find("\r\n.\r\n") + 2;
  auto const raw = talk.buffer.substr(0, end);
  talk.buffer.erase(0, end + 3);
  if (!talk.buffer.empty()) server.problems.push_back("bytes after the end of a text, before its reply");
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    auto const begins = i == 0 || raw[i - 1] == '\n';
    if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r')) server.problems.push_back("a bare LF");
    if (raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n')) server.problems.push_back("a bare CR");
    if (begins && raw[i] == '.') {
      if (i + 1 < raw.size() && raw[i + 1] == '.') continue;
      server.problems.push_back("a lone dot within a text");
    }
    text += raw[i];
  }
  server.taken.push_back(text);
  auto const replaced = co_await talk.misbehave(".");
  if (replaced) co_return;
  server.accepted.push_back(text);
  co_await talk.say("250 2.0.0 Ok: queued as T" + std::to_string(server.accepted.size()) + "\r\n");
}

Task<void> log_in(Conversation& talk, std::string line) {
  auto& server = *talk.state->server;
  auto given = std::optional<std::string>(line.size() > 11 ? line.substr(11) : "");
  if (line == "AUTH LOGIN") {
    co_await talk.say("334 VXNlcm5hbWU6\r\n");
    given = co_await talk.line();
    if (given) co_await talk.say("334 UGFzc3dvcmQ6\r\n");
    if (given) given = co_await talk.line();
  }
  if (!given) co_return;
  co_await talk.say(*given == server.password ? "235 2.7.0 ok\r\n" : "535 5.7.8 bad credentials\r\n");
}

Task<void> converse(StatePtr state, tcp::socket socket) {
  Conversation talk(state, std::move(socket));
  if (state->server->implicit_tls) co_await encrypt(talk);
  if (talk.over) co_return;
  if (state->server->open_connections > state->server->connections_at_most) {
    co_await talk.say("421 4.7.0 too many connections\r\n");
    co_return;
  }
  auto strange = co_await talk.misbehave("connect");
  if (!strange) co_await talk.say("220 scripted ESMTP\r\n");
  bool sender = false;
  bool recipient = false;
  while (!talk.over && state->server != nullptr) {
    auto const line = co_await talk.line();
    if (!line || state->server == nullptr) break;
    auto& server = *state->server;
    server.commands.push_back(*line);
    auto const verb = line->substr(0, line->find(' '));
    if ((verb == "EHLO" || verb == "STARTTLS" || verb == "QUIT" || verb == "AUTH") && !talk.buffer.empty()) server.problems.push_back(verb + " was pipelined");
    strange = co_await talk.misbehave(verb);
    if (state->server == nullptr) break;
    if (strange) {
      // A reply to STARTTLS with more behind it: as if somebody on the way had put that there.
      if (verb == "STARTTLS" && !talk.over && server.injects) co_await encrypt(talk);
      continue;
    }
    if (verb == "EHLO") {
      std::string answer = "250-scripted\r\n";
      for (auto const& ability : server.abilities) {
        if (ability != "STARTTLS" || !talk.tls) answer += "250-" + ability + "\r\n";
      }
      co_await talk.say(answer + "250 OK\r\n");
    } else if (verb == "HELO") {
      co_await talk.say("250 scripted\r\n");
    } else if (verb == "STARTTLS") {
      co_await talk.say("220 2.0.0 ready\r\n");
      co_await encrypt(talk);
    } else if (verb == "AUTH") {
      co_await log_in(talk, *line);
    } else if (verb == "MAIL") {
      co_await talk.say(sender ? "503 5.5.1 nested MAIL\r\n" : "250 2.1.0 Ok\r\n");
      sender = true;
    } else if (verb == "RCPT") {
      co_await talk.say(sender ? "250 2.1.5 Ok\r\n" : "503 5.5.1 MAIL first\r\n");
      recipient = sender;
    } else if (verb == "DATA") {
      if (!recipient) {
        co_await talk.say("503 5.5.1 RCPT first\r\n");
      } else {
        co_await talk.say("354 go ahead\r\n");
        co_await take_text(talk);
        sender = recipient = false;
      }
    } else if (verb == "RSET") {
      sender = recipient = false;
      co_await talk.say("250 2.0.0 Ok\r\n");
    } else if (verb == "QUIT") {
      co_await talk.say("221 2.0.0 bye\r\n");
      break;
    } else {
      co_await talk.say("502 5.5.2 what\r\n");
    }
  }
}

Task<void> accept(StatePtr state) {
  while (state->server != nullptr) {
    boost::system::error_code error;
    auto socket = co_await state->acceptor.async_accept(asio::redirect_error(use_awaitable, error));
    if (error || state->server == nullptr) break;
    asio::co_spawn(socket.get_executor(), converse(state, std::move(socket)), asio::detached);
  }
}

}  // namespace

ScriptedServer::ScriptedServer(asio::io_context& context) : state(std::make_shared<State>(*this, context)) {
  asio::co_spawn(context, accept(state), asio::detached);
}

ScriptedServer::~ScriptedServer() {
  state->server = nullptr;
  boost::system::error_code ignored;
  state->acceptor.close(ignored);
  for (auto* const socket : state->sockets) socket->close(ignored);
}

int ScriptedServer::port() const { return state->acceptor.local_endpoint().port(); }

std::string ScriptedServer::certificate() { return identity().certificate; }

}  // namespace postrider::test
