// What an operator sets for each kind of provider (the `settings` of /providers), and reading it from JSON.
// Secrets are `Secret`: write-only in the API and sealed in the database, see `secret_settings`.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/secret.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

enum class SmtpSecurity { none, starttls, tls };

struct SmtpSettings {
  std::string host;
  int port = 587;
  SmtpSecurity security = SmtpSecurity::starttls;
  std::string username = {};
  Secret password = {};
  int max_connections = 10;
  bool verify_certificate = true;  // false accepts self-signed ones, for tests and machines on the same desk
};

struct SendgridSettings {
  Secret api_key;
  std::string base_url = "https://api.sendgrid.com";
  std::string webhook_public_key = {};  // base64 of DER, as SendGrid shows it
  int max_connections = 20;             // requests at the same time
};

struct FileSettings {
  std::string directory;
};

// *Fails with* invalid: a field for each unknown, missing or wrong setting, with pointers like /settings/host.
// Take the default port from `security` (587, 465 or 25) when none is given.
Result<SmtpSettings> decode_smtp_settings(boost::json::object const& settings);
Result<SendgridSettings> decode_sendgrid_settings(boost::json::object const& settings);
Result<FileSettings> decode_file_settings(boost::json::object const& settings);

// Checks the settings of any kind known here. *Fails with* invalid, also for an unknown kind (pointer /kind).
Result<> check_settings(std::string_view kind, boost::json::object const& settings);

// The names of settings that are secrets: write-only, sealed at rest.
std::vector<std::string_view> secret_settings(std::string_view kind);

}  // namespace postrider::delivery
