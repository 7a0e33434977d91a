#include "support/results.h"

#include "postrider/delivery/provider.h"
#include "postrider/delivery/provider_settings.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;

namespace {
boost::json::object object(char const* text) { return boost::json::parse(text).as_object(); }

std::string complaints(Error const& error) {
  std::string text;
  for (auto const& field : error.fields) text += field.pointer + "=" + field.code + " ";
  return text;
}
}  // namespace

TEST_CASE("smtp settings are read with defaults that follow the kind of security") {
  auto const plain = decode_smtp_settings(object(R"({"host":"mail.example.net"})")).value();
  CHECK(plain.port == 587);
  CHECK(plain.security == SmtpSecurity::starttls);
  CHECK(plain.max_connections == 10);
  CHECK(plain.verify_certificate);
  CHECK(decode_smtp_settings(object(R"({"host":"m","security":"tls"})")).value().port == 465);
  CHECK(decode_smtp_settings(object(R"({"host":"m","security":"none"})")).value().port == 25);
  auto const full = decode_smtp_settings(object(
      R"({"host":"::1","port":2525,"security":"none","username":"u","password":"p","max_connections":3,"verify_certificate":false})"));
  REQUIRE(full);
  CHECK(full->port == 2525);
  CHECK(full->password.reveal() == "p");
  CHECK(full->max_connections == 3);
  CHECK_FALSE(full->verify_certificate);
}

TEST_CASE("every wrong setting is named by its pointer") {
  auto const smtp = decode_smtp_settings(
      object(R"({"host":"a b","port":70000,"security":"ssl","password":"x","max_connections":"many","colour":1,"verify_certificate":1})"));
  REQUIRE_FALSE(smtp);
  CHECK(complaints(smtp.error()) ==
        "/settings/host=malformed /settings/port=out_of_range /settings/security=not_allowed /settings/username=required "
        "/settings/max_connections=wrong_type /settings/verify_certificate=wrong_type /settings/colour=unknown_field ");
  CHECK(complaints(decode_smtp_settings(object("{}")).error()) == "/settings/host=required ");
  CHECK(complaints(decode_smtp_settings(object(R"({"host":"m","username":"a\r\nRSET"})")).error()) == "/settings/username=invalid_characters ");
  CHECK(complaints(decode_sendgrid_settings(object(R"({"base_url":"ftp://x","webhook_public_key":"AAAA"})")).error()) ==
        "/settings/api_key=required /settings/base_url=malformed /settings/webhook_public_key=malformed ");
  CHECK(complaints(decode_file_settings(object(R"({"directory":""})")).error()) == "/settings/directory=required ");
  CHECK(complaints(check_settings("pigeon", object("{}")).error()) == "/kind=not_allowed ");
}

TEST_CASE("sendgrid settings lose a slash at the end of the base address") {
  auto const settings = decode_sendgrid_settings(object(R"({"api_key":"SG.x","base_url":"http://127.0.0.1:9000/"})"));
  REQUIRE(settings);
  CHECK(settings->base_url == "http://127.0.0.1:9000");
  CHECK(check_settings("sendgrid", object(R"({"api_key":"SG.x"})")));
}

TEST_CASE("the names of outcomes are those of the database") {
  for (auto const* text : {"accepted", "temporary", "permanent", "policy", "configuration", "uncertain", "not_sent"}) {
    REQUIRE(outcome_kind(text));
    CHECK(name(*outcome_kind(text)) == text);
  }
  CHECK_FALSE(outcome_kind("sent"));
}
