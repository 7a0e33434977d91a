#include "api/providers_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct ProviderIn {
  std::string name, kind;
  json::Defaulted<boost::json::object> settings = boost::json::object();
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "ProviderInput";
};
BOOST_DESCRIBE_STRUCT(ProviderIn, (), (name, kind, settings))

struct ProviderChangeIn {
  json::Given<std::string> name;
  json::Given<boost::json::object> settings;
  static constexpr std::string_view json_name = "ProviderChange";
};
BOOST_DESCRIBE_STRUCT(ProviderChangeIn, (), (name, settings))

struct SenderIn {
  json::Given<std::string> from_email, from_name;
  json::Field<std::string> reply_to;
  json::Given<ProviderId> provider_id;
  json::Given<bool> verified;
  static constexpr json::Rule json_rules[] = {json::length("from_name", 0, 200)};
  static constexpr std::string_view json_name = "SenderInput";
};
BOOST_DESCRIBE_STRUCT(SenderIn, (), (from_email, from_name, reply_to, provider_id, verified))

boost::json::value text(std::optional<std::string> const& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); }
boost::json::value time(std::optional<Instant> const& value) { return value ? boost::json::value(to_rfc3339(*value)) : boost::json::value(nullptr); }

boost::json::object shown(delivery::StoredProvider const& p) {
  boost::json::object out;
  out["id"] = p.id.str();
  out["name"] = p.name;
  out["kind"] = p.kind;
  out["settings"] = p.settings;
  out["check_status"] = text(p.check_status);
  out["check_detail"] = text(p.check_detail);
  out["checked_at"] = time(p.checked_at);
  out["created_at"] = to_rfc3339(p.created_at);
  out["updated_at"] = to_rfc3339(p.updated_at);
  return out;
}

boost::json::object shown(delivery::Sender const& s) {
  boost::json::object out;
  out["id"] = s.id.str();
  out["from_email"] = s.from_email;
  out["from_name"] = s.from_name;
  out["reply_to"] = text(s.reply_to);
  out["provider_id"] = s.provider_id.str();
  out["verified"] = s.verified;
  out["created_at"] = to_rfc3339(s.created_at);
  out["updated_at"] = to_rfc3339(s.updated_at);
  return out;
}

delivery::SenderChange change_of(SenderIn const& in) {
  delivery::SenderChange c;
  if (in.from_email) c.from_email = *in.from_email;
  if (in.from_name) c.from_name = *in.from_name;
  if (!in.reply_to.absent()) c.reply_to = in.reply_to.over(std::nullopt);
  if (in.provider_id) c.provider_id = *in.provider_id;
  if (in.verified) c.verified = *in.verified;
  return c;
}

// Only admins and owners may vouch for an address.
Result<void> may_verify(http::Request const& request, SenderIn const& in) {
  if (in.verified && *in.verified && !identity::may(caller(request), right::admin)) return forbidden("only an admin may set verified; others verify by mail");
  return {};
}

boost::json::object list_body(boost::json::array items) {
  boost::json::object body;
  body["items"] = std::move(items);
  body["next_cursor"] = nullptr;
  return body;
}

}  // namespace

std::vector<http::Route> ProvidersApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/providers", right::read, on(this, &ProvidersApi::list_providers), doc("list_providers", "Providers", "providers").paged().answer(200)));
  add(post("/providers", right::admin, on(this, &ProvidersApi::create_provider), doc("create_provider", "Add a provider", "providers").takes<ProviderIn>().answer(201)));
  add(get("/providers/{id}", right::read, on(this, &ProvidersApi::show_provider), doc("show_provider", "One provider; secrets are never shown", "providers").answer(200)));
  add(patch("/providers/{id}", right::admin, on(this, &ProvidersApi::change_provider), doc("change_provider", "Change a provider", "providers").takes<ProviderChangeIn>().answer(200)));
  add(del("/providers/{id}", right::admin, on(this, &ProvidersApi::remove_provider), doc("delete_provider", "Delete a provider", "providers").answer(204)));
  add(post("/providers/{id}/check", right::write, on(this, &ProvidersApi::check_provider), doc("check_provider", "Try it without sending", "providers").answer(200), http::BodyKind::none));
  add(get("/senders", right::read, on(this, &ProvidersApi::list_senders), doc("list_senders", "Senders", "senders").paged().answer(200)));
  add(post("/senders", right::write, on(this, &ProvidersApi::create_sender), doc("create_sender", "Add a sender", "senders").takes<SenderIn>().answer(201)));
  add(get("/senders/{id}", right::read, on(this, &ProvidersApi::show_sender), doc("show_sender", "One sender", "senders").answer(200)));
  add(patch("/senders/{id}", right::write, on(this, &ProvidersApi::change_sender), doc("change_sender", "Change a sender", "senders").takes<SenderIn>().answer(200)));
  add(del("/senders/{id}", right::write, on(this, &ProvidersApi::remove_sender), doc("delete_sender", "Delete a sender", "senders").answer(204)));
  return all;
}

ProvidersApi::Answer ProvidersApi::list_providers(http::Request& request) {
  boost::json::array items;
  for (auto const& p : co_await identities_.list_providers(caller(request).context.tenant)) items.push_back(shown(p));
  co_return ok(list_body(std::move(items)));
}

ProvidersApi::Answer ProvidersApi::create_provider(http::Request& request) {
  auto wanted = json::read<ProviderIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const p = co_await identities_.create_provider(context_of(request), wanted->name, wanted->kind, *wanted->settings);
  if (!p) co_return p.error();
  co_return created("/providers/" + p->id.str(), shown(*p));
}

ProvidersApi::Answer ProvidersApi::show_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const p = co_await identities_.find_provider(caller(request).context.tenant, *id);
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

ProvidersApi::Answer ProvidersApi::change_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto wanted = json::read<ProviderChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  std::optional<std::string> name;
  std::optional<boost::json::object> settings;
  if (wanted->name) name = *wanted->name;
  if (wanted->settings) settings = *wanted->settings;
  auto const p = co_await identities_.change_provider(context_of(request), *id, name, settings);
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

ProvidersApi::Answer ProvidersApi::remove_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_provider(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ProvidersApi::Answer ProvidersApi::check_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const report = co_await identities_.check_provider(context_of(request), *id);
  if (!report) co_return report.error();
  boost::json::object out;
  out["ok"] = report->good();
  boost::json::array items;
  for (auto const& item : report->items) {
    boost::json::object one;
    one["name"] = item.name;
    one["ok"] = item.good;
    one["detail"] = item.detail;
    items.push_back(std::move(one));
  }
  out["items"] = std::move(items);
  co_return ok(out);
}

ProvidersApi::Answer ProvidersApi::list_senders(http::Request& request) {
  boost::json::array items;
  for (auto const& s : co_await identities_.list_senders(caller(request).context.tenant)) items.push_back(shown(s));
  co_return ok(list_body(std::move(items)));
}

ProvidersApi::Answer ProvidersApi::create_sender(http::Request& request) {
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const s = co_await identities_.create_sender(context_of(request), change_of(*wanted));
  if (!s) co_return s.error();
  co_return created("/senders/" + s->id.str(), shown(*s));
}

ProvidersApi::Answer ProvidersApi::show_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const s = co_await identities_.find_sender(caller(request).context.tenant, *id);
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::change_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const s = co_await identities_.change_sender(context_of(request), *id, change_of(*wanted));
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

ProvidersApi::Answer ProvidersApi::remove_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_sender(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
