// How providers and senders look from outside. Secrets go in only.
#pragma once

#include "postrider/delivery/identities.h"
#include "postrider/json/codec.h"

#include <boost/describe.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::api {

struct ProviderIn {
  std::string name, kind;
  json::Defaulted<boost::json::object> settings = boost::json::object();
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "ProviderInput";
  static constexpr std::string_view json_read_only[] = {"id", "secrets", "check_status", "check_detail", "checked_at", "breaker", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ProviderIn, (), (name, kind, settings))

struct ProviderChangeIn {
  json::Given<std::string> name;
  json::Given<boost::json::object> settings;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "ProviderChange";
  static constexpr std::string_view json_read_only[] = {"id", "kind", "secrets", "check_status", "check_detail", "checked_at", "breaker", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ProviderChangeIn, (), (name, settings))

struct ProviderOut {
  ProviderId id;
  std::string name, kind;
  boost::json::object settings;       // without secrets
  std::vector<std::string> secrets;   // names of those that are kept, sealed
  std::optional<std::string> check_status, check_detail;
  std::optional<Instant> checked_at;
  boost::json::object breaker;
  std::optional<std::string> webhook_path;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Provider";
};
BOOST_DESCRIBE_STRUCT(ProviderOut, (), (id, name, kind, settings, secrets, check_status, check_detail, checked_at, breaker, webhook_path, created_at, updated_at))

struct CheckItemOut {
  std::string name;
  bool ok;
  std::string detail;
  static constexpr std::string_view json_name = "ProviderCheckItem";
};
BOOST_DESCRIBE_STRUCT(CheckItemOut, (), (name, ok, detail))

struct CheckOut {
  bool ok;
  std::vector<CheckItemOut> items;
  static constexpr std::string_view json_name = "ProviderCheck";
};
BOOST_DESCRIBE_STRUCT(CheckOut, (), (ok, items))

struct SenderIn {
  json::Given<std::string> from_email, from_name;
  json::Field<std::string> reply_to;
  json::Given<ProviderId> provider_id;
  json::Given<bool> verified;
  static constexpr json::Rule json_rules[] = {json::length("from_name", 0, 200)};
  static constexpr std::string_view json_name = "SenderInput";
  static constexpr std::string_view json_read_only[] = {"id", "verified_at", "dkim", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SenderIn, (), (from_email, from_name, reply_to, provider_id, verified))

struct DkimIn {
  std::optional<std::string> selector;
  static constexpr std::string_view json_name = "DkimKeyInput";
};
BOOST_DESCRIBE_STRUCT(DkimIn, (), (selector))

struct DkimOut {
  std::string domain, selector, record_name, record_text;
  Instant created_at;
  static constexpr std::string_view json_name = "DkimKey";
};
BOOST_DESCRIBE_STRUCT(DkimOut, (), (domain, selector, record_name, record_text, created_at))

struct SenderOut {
  SenderId id;
  std::string from_email, from_name;
  std::optional<std::string> reply_to;
  ProviderId provider_id;
  bool verified;
  std::optional<Instant> verified_at;
  std::optional<DkimOut> dkim;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Sender";
};
BOOST_DESCRIBE_STRUCT(SenderOut, (), (id, from_email, from_name, reply_to, provider_id, verified, verified_at, dkim, created_at, updated_at))

struct VerificationOut {
  SenderId sender_id;
  std::string sent_to;
  MessageId message_id;
  static constexpr std::string_view json_name = "SenderVerification";
};
BOOST_DESCRIBE_STRUCT(VerificationOut, (), (sender_id, sent_to, message_id))

}  // namespace postrider::api
