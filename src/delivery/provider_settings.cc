#include "postrider/delivery/provider_settings.h"

#include "postrider/crypto/signing.h"

#include <boost/json/value.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace postrider::delivery {
namespace {

namespace json = boost::json;

// Reads the settings one by one and keeps every complaint.
class Reader {
 public:
  explicit Reader(json::object const& settings) : settings_(settings) {}

  std::string text(std::string_view key, bool required, std::size_t longest = 1000) {
    auto const* const value = find(key);
    if (value == nullptr) {
      if (required) complain(key, "required", "is missing");
      return {};
    }
    if (!value->is_string()) {
      complain(key, "wrong_type", "must be a text");
      return {};
    }
    std::string found(value->as_string());
    if (required && found.empty()) complain(key, "required", "is empty");
    if (found.size() > longest) complain(key, "too_long", "must be at most " + std::to_string(longest) + " bytes long");
    if (std::any_of(found.begin(), found.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
      complain(key, "invalid_characters", "must not contain control characters or line breaks");
    }
    return found;
  }

  std::optional<int> number(std::string_view key, int least, int most) {
    auto const* const value = find(key);
    if (value == nullptr) return std::nullopt;
    std::int64_t found = 0;
    if (value->is_int64()) {
      found = value->get_int64();
    } else if (value->is_uint64()) {
      found = value->get_uint64() > INT32_MAX ? INT32_MAX : static_cast<std::int64_t>(value->get_uint64());
    } else {
      complain(key, "wrong_type", "must be a whole number");
      return std::nullopt;
    }
    if (found < least || found > most) {
      complain(key, "out_of_range", "must be between " + std::to_string(least) + " and " + std::to_string(most));
      return std::nullopt;
    }
    return static_cast<int>(found);
  }

  std::optional<bool> boolean(std::string_view key) {
    auto const* const value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) {
      complain(key, "wrong_type", "must be true or false");
      return std::nullopt;
    }
    return value->get_bool();
  }

  void complain(std::string_view key, std::string_view code, std::string_view what) {
    std::string pointer = "/settings/";
    for (char const c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    fields_.push_back(FieldError{std::move(pointer), std::string(code), std::string(key) + " " + std::string(what)});
  }

  // Settings nobody asked for are mistakes too.
  void finish(std::string_view kind) {
    for (auto const& entry : settings_) {
      std::string_view const key(entry.key().data(), entry.key().size());
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      std::string names;
      for (auto const& known : known_) names += (names.empty() ? "" : ", ") + std::string(known);
      complain(key.substr(0, 100), "unknown_field", "is not a setting of " + std::string(kind) + "; there are: " + names);
    }
  }

  template <class Settings>
  Result<Settings> answer(Settings settings) {
    if (fields_.empty()) return settings;
    auto message = fields_.size() == 1 ? fields_.front().message : std::to_string(fields_.size()) + " settings are wrong";
    return invalid(std::move(message), std::move(fields_));
  }

 private:
  json::value const* find(std::string_view key) {
    known_.push_back(key);
    auto const* const value = settings_.if_contains(json::string_view(key.data(), key.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  json::object const& settings_;
  std::vector<std::string_view> known_;
  std::vector<FieldError> fields_;
};

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

}  // namespace

Result<SmtpSettings> decode_smtp_settings(json::object const& settings) {
  Reader reader(settings);
  SmtpSettings result;
  result.host = reader.text("host", true, 253);
  if (!result.host.empty() && !is_host(result.host)) reader.complain("host", "malformed", "must be a host name or an address, without port");
  auto const port = reader.number("port", 1, 65535);
  auto const security = reader.text("security", false);
  if (security == "none") {
    result.security = SmtpSecurity::none;
  } else if (security == "tls") {
    result.security = SmtpSecurity::tls;
  } else if (!security.empty() && security != "starttls") {
    reader.complain("security", "not_allowed", "must be none, starttls or tls");
  }
  result.port = port.value_or(result.security == SmtpSecurity::none ? 25 : result.security == SmtpSecurity::tls ? 465 : 587);
  result.username = reader.text("username", false);
  result.password = Secret(reader.text("password", false));
  if (result.username.empty() && !result.password.empty()) reader.complain("username", "required", "is missing, though there is a password");
  result.max_connections = reader.number("max_connections", 1, 500).value_or(result.max_connections);
  result.verify_certificate = reader.boolean("verify_certificate").value_or(true);
  reader.finish("smtp");
  return reader.answer(std::move(result));
}

Result<SendgridSettings> decode_sendgrid_settings(json::object const& settings) {
  Reader reader(settings);
  SendgridSettings result;
  result.api_key = Secret(reader.text("api_key", true));
  if (auto base = reader.text("base_url", false, 2000); !base.empty()) {
    auto const parsed = boost::urls::parse_uri(boost::urls::string_view(base.data(), base.size()));
    if (!parsed || (parsed->scheme() != "https" && parsed->scheme() != "http") || parsed->encoded_host().empty() || parsed->has_query() ||
        parsed->has_fragment() || parsed->has_userinfo()) {
      reader.complain("base_url", "malformed", "must be an address such as https://api.sendgrid.com");
    }
    while (base.ends_with('/')) base.pop_back();
    result.base_url = std::move(base);
  }
  result.webhook_public_key = reader.text("webhook_public_key", false);
  if (!result.webhook_public_key.empty()) {
    auto const key = crypto::EcdsaVerifier::create(result.webhook_public_key);
    if (!key) reader.complain("webhook_public_key", "malformed", ": " + key.error().message);
  }
  result.max_connections = reader.number("max_connections", 1, 500).value_or(result.max_connections);
  reader.finish("sendgrid");
  return reader.answer(std::move(result));
}

Result<FileSettings> decode_file_settings(json::object const& settings) {
  Reader reader(settings);
  FileSettings result;
  result.directory = reader.text("directory", true, 4000);
  reader.finish("file");
  return reader.answer(std::move(result));
}

Result<> check_settings(std::string_view kind, json::object const& settings) {
  auto const verdict = [](auto const& decoded) -> Result<> {
    if (decoded.has_value()) return {};
    return decoded.error();
  };
  if (kind == "smtp") return verdict(decode_smtp_settings(settings));
  if (kind == "sendgrid") return verdict(decode_sendgrid_settings(settings));
  if (kind == "file") return verdict(decode_file_settings(settings));
  return invalid_field("/kind", "not_allowed", "kind must be smtp, sendgrid or file");
}

std::vector<std::string_view> secret_settings(std::string_view kind) {
  if (kind == "smtp") return {"password"};
  if (kind == "sendgrid") return {"api_key"};
  return {};
}

}  // namespace postrider::delivery
