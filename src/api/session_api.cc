#include "api/session_api.h"

#include "postrider/base/log.h"
#include "postrider/crypto/signing.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

// __Host- demands https; plain http is for trying out on one's own machine.
constexpr std::string_view secure_cookie = "__Host-postrider";
constexpr std::string_view plain_cookie = "postrider_session";

struct Login {
  std::string email;
  Secret password;
};
BOOST_DESCRIBE_STRUCT(Login, (), (email, password))

struct SessionOut {
  std::string id;
  std::string name;
  std::string email;
  std::string kind;
  std::string role;
  bool can_send;
  TenantId tenant_id;
  std::string tenant_name;
  std::string time_zone;
  std::optional<std::string> csrf_token;
};
BOOST_DESCRIBE_STRUCT(SessionOut, (), (id, name, email, kind, role, can_send, tenant_id, tenant_name, time_zone, csrf_token))

struct PasswordChange {
  Secret current_password;
  Secret new_password;
};
BOOST_DESCRIBE_STRUCT(PasswordChange, (), (current_password, new_password))

struct OpenSessionOut {
  Instant created_at;
  Instant last_seen_at;
  Instant expires_at;
  std::string ip_address;
  std::string user_agent;
  bool current;
  static constexpr std::string_view json_name = "OpenSession";
};
BOOST_DESCRIBE_STRUCT(OpenSessionOut, (), (created_at, last_seen_at, expires_at, ip_address, user_agent, current))

struct SetupState {
  bool needed;
};
BOOST_DESCRIBE_STRUCT(SetupState, (), (needed))

struct SetupIn {
  std::string code;
  std::string email;
  json::Defaulted<std::string> name = std::string();
  Secret password;
  json::Given<std::string> organisation;
  json::Given<std::string> time_zone;
  static constexpr json::Rule json_rules[] = {json::length("email", 3, 254), json::length("name", 0, 200), json::length("organisation", 1, 200)};
  static constexpr std::string_view json_name = "Setup";
};
BOOST_DESCRIBE_STRUCT(SetupIn, (), (code, email, name, password, organisation, time_zone))

std::string_view cookie_of(http::Request const& request, std::string_view wanted) {
  auto text = request.headers.get("Cookie");
  while (!text.empty()) {
    auto const end = std::min(text.find(';'), text.size());
    auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (part.starts_with(wanted) && part.size() > wanted.size() && part[wanted.size()] == '=') return part.substr(wanted.size() + 1);
  }
  return {};
}

std::string_view session_token(http::Request const& request) {
  return request.secure ? cookie_of(request, secure_cookie) : cookie_of(request, plain_cookie);
}

std::string cookie(http::Request const& request, std::string_view value, bool clear) {
  std::string text(request.secure ? secure_cookie : plain_cookie);
  text += "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Lax";
  if (request.secure) text += "; Secure";
  text += clear ? "; Max-Age=0" : "; Max-Age=1209600";
  return text;
}

// A page of another site can make a browser send the cookie; it cannot forge these headers.
bool from_another_site(http::Request const& request) {
  auto const site = request.headers.get("Sec-Fetch-Site");
  if (site == "cross-site" || site == "same-site") return true;
  auto const origin = request.headers.get("Origin");
  if (origin.empty()) return false;
  auto const scheme = origin.find("://");
  return scheme == std::string_view::npos || origin.substr(scheme + 3) != request.headers.get("Host");
}

bool only_reads(http::Request const& request) { return request.method == "GET" || request.method == "HEAD"; }

std::optional<Error> unknown_query(http::Request const& request, http::Route const& route) {
  if (route.doc.hidden) return std::nullopt;
  std::vector<FieldError> mistakes;
  for (auto const& [name, value] : request.query.entries()) {
    auto const known = [&name](http::QueryParameter const& parameter) { return parameter.name == name; };
    if (std::ranges::none_of(route.doc.query, known))
      mistakes.push_back(FieldError{"?" + name, "unknown_field", "there is no query parameter '" + name + "' here"});
  }
  if (mistakes.empty()) return std::nullopt;
  return invalid(mistakes.front().message, mistakes);
}

Task<std::optional<http::Response>> check(identity::Identity& identity, http::Request& request, http::Route const& route) {
  auto const& needed = route.right.name();
  if (needed == right::anonymous) {
    // Signing in with a foreign page's form would put somebody else's session into this browser.
    if (!only_reads(request) && route.pattern.starts_with(prefix) && from_another_site(request))
      co_return http::problem(forbidden("requests from other sites are refused"));
    co_return std::nullopt;
  }
  auto const authorization = request.headers.get("Authorization");
  std::optional<Result<Caller>> found;
  bool by_cookie = false;
  if (authorization.size() > 7 && http::same_ignoring_case(authorization.substr(0, 7), "Bearer ")) {
    found.emplace(co_await identity.by_api_key(authorization.substr(7)));
  } else if (auto const token = session_token(request); authorization.empty() && !token.empty()) {
    found.emplace(co_await identity.by_session(token));
    by_cookie = true;
  }
  if (!found) {
    Error const nobody{.code = Code::unauthenticated, .message = "sign in, or send an API key as 'Authorization: Bearer KEY'"};
    co_return http::problem(nobody);
  }
  if (!*found) co_return http::problem(found->error());
  auto const& caller = **found;
  if (by_cookie && !only_reads(request)) {
    if (from_another_site(request)) co_return http::problem(forbidden("requests from other sites are refused"));
    if (!crypto::equal_in_constant_time(request.headers.get("X-CSRF-Token"), caller.csrf_token))
      co_return http::problem(forbidden("the X-CSRF-Token header is missing or old; read GET /api/v1/session again"));
  }
  if (!identity::may(caller, needed)) {
    auto const why = needed == right::send ? "this needs the right to send; an admin can grant it" : "this needs the role '" + needed + "' or a higher one";
    co_return http::problem(forbidden(why));
  }
  if (auto const mistake = unknown_query(request, route)) co_return http::problem(*mistake);
  request.caller = caller;
  co_return std::nullopt;
}

Task<boost::json::value> describe(identity::Identity& identity, Caller caller) {
  auto const tenant = co_await identity.tenant(caller.context.tenant);
  SessionOut out;
  out.id = caller.context.actor.id.str();
  out.name = caller.name;
  out.email = caller.email;
  out.kind = caller.context.actor.kind == ActorKind::user ? "user" : "api_key";
  out.role = std::string(identity::name(caller.role));
  out.can_send = caller.can_send;
  out.tenant_id = caller.context.tenant;
  out.tenant_name = tenant ? tenant->name : "";
  out.time_zone = tenant ? tenant->time_zone : "UTC";
  if (!caller.csrf_token.empty()) out.csrf_token = caller.csrf_token;
  co_return json::encode(out);
}

}  // namespace

std::vector<http::Route> SessionApi::routes() {
  std::vector<http::Route> all;
  all.push_back(post("/session", right::anonymous, on(this, &SessionApi::log_in),
                     doc("log_in", "Sign in; the answer sets the session cookie", "session").takes<Login>().answers<SessionOut>()));
  all.push_back(get("/session", right::read, on(this, &SessionApi::show), doc("show_session", "Who is calling", "session").answers<SessionOut>()));
  all.push_back(del("/session", right::read, on(this, &SessionApi::log_out), doc("log_out", "Sign out", "session").answer(204)));
  all.push_back(put("/session/password", right::read, on(this, &SessionApi::change_password),
                    doc("change_password", "Change one's own password; ends all other sessions", "session").takes<PasswordChange>().answers<SessionOut>()));
  all.push_back(get("/sessions", right::read, on(this, &SessionApi::list_sessions),
                    doc("list_sessions", "Where the caller is signed in", "session").answers_list<OpenSessionOut>()));
  all.push_back(del("/sessions", right::read, on(this, &SessionApi::log_out_everywhere), doc("log_out_everywhere", "Sign out everywhere", "session").answer(204)));
  all.push_back(get("/setup", right::anonymous, on(this, &SessionApi::show_setup),
                    doc("show_setup", "Does this installation wait for its first user?", "session").answers<SetupState>()));
  all.push_back(post("/setup", right::anonymous, on(this, &SessionApi::set_up),
                     doc("set_up", "Make the first owner, with the code from the server's log, and sign in", "session").takes<SetupIn>().answers<SessionOut>(201)));
  return all;
}

Task<Result<http::Response>> SessionApi::log_in(http::Request& request) {
  auto wanted = json::read<Login>(request.body);
  if (!wanted) co_return wanted.error();
  auto session = co_await identity_.log_in(wanted->email, wanted->password, request.remote_ip, std::string(request.headers.get("User-Agent")));
  if (!session) co_return session.error();
  co_return co_await signed_in(request, std::move(*session), 200);
}

Task<http::Response> SessionApi::signed_in(http::Request& request, identity::Session session, int status) {
  auto const body = co_await describe(identity_, session.caller);
  auto response = ok(body, status);
  response.headers.set("Set-Cookie", cookie(request, session.token.reveal(), false));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Result<http::Response>> SessionApi::show(http::Request& request) {
  auto const body = co_await describe(identity_, caller(request));
  auto response = ok(body);
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Result<http::Response>> SessionApi::log_out(http::Request& request) {
  co_await identity_.log_out(Secret(std::string(session_token(request))));
  auto response = no_content();
  response.headers.set("Set-Cookie", cookie(request, "", true));
  co_return response;
}

Task<Result<http::Response>> SessionApi::change_password(http::Request& request) {
  auto wanted = json::read<PasswordChange>(request.body);
  if (!wanted) co_return wanted.error();
  auto session = co_await identity_.change_password(context_of(request), wanted->current_password, wanted->new_password);
  if (!session) co_return session.error();
  co_return co_await signed_in(request, std::move(*session), 200);
}

Task<Result<http::Response>> SessionApi::list_sessions(http::Request& request) {
  auto const open = co_await identity_.sessions(UserId(caller(request).context.actor.id));
  auto const token = session_token(request);
  auto encode = [&](identity::OpenSession const& s) {
    return json::encode(OpenSessionOut{s.created_at, s.last_seen_at, s.expires_at, s.ip_address, s.user_agent, identity_.is_of(s, token)});
  };
  auto key = [](identity::OpenSession const&) { return std::vector<std::string>(); };
  Page whole;
  whole.limit = 100;
  co_return list_answer(request, whole, open, encode, key);
}

Task<Result<http::Response>> SessionApi::log_out_everywhere(http::Request& request) {
  co_await identity_.log_out_everywhere(UserId(caller(request).context.actor.id));
  auto response = no_content();
  response.headers.set("Set-Cookie", cookie(request, "", true));
  co_return response;
}

Task<Result<http::Response>> SessionApi::show_setup(http::Request&) {
  SetupState state;
  state.needed = !co_await identity_.has_users();
  co_return ok(json::encode(state));
}

Task<Result<http::Response>> SessionApi::set_up(http::Request& request) {
  auto wanted = json::read<SetupIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const known = co_await identity_.has_users();
  if (known) co_return conflict("this installation has users already: sign in");
  auto const allowed = co_await identity_.check_setup_code(wanted->code, request.remote_ip);
  if (!allowed) co_return allowed.error();
  Context context;
  context.tenant = identity::default_tenant();
  context.request_id = request.request_id;
  context.ip_address = request.remote_ip;
  context.user_agent = std::string(request.headers.get("User-Agent"));
  identity::NewUser owner{.email = wanted->email, .name = *wanted->name, .password = wanted->password};
  auto const made = co_await identity_.create_first_owner(context, std::move(owner));
  if (!made) co_return made.error();
  if (wanted->organisation || wanted->time_zone) {
    std::optional<std::string> name, zone;
    if (wanted->organisation) name = *wanted->organisation;
    if (wanted->time_zone) zone = *wanted->time_zone;
    auto const named = co_await identity_.change_tenant(context, name, zone, std::nullopt);
    if (!named) log::warn("setup_tenant_not_changed", log::field("why", named.error().message));
  }
  auto session = co_await identity_.log_in(wanted->email, wanted->password, request.remote_ip, context.user_agent);
  if (!session) co_return session.error();
  co_return co_await signed_in(request, std::move(*session), 201);
}

http::Guard make_guard(identity::Identity& identity) {
  return [&identity](http::Request& request, http::Route const& route) { return check(identity, request, route); };
}

}  // namespace postrider::api
