#include "postrider/delivery/providers.h"

#include "client_sender.h"
#include "file.h"
#include "sendgrid.h"
#include "smtp.h"

#include "postrider/delivery/provider_settings.h"

namespace postrider::delivery {

Result<std::unique_ptr<Provider>> make_provider(std::string_view kind, boost::json::object const& settings, ProviderGround ground) {
  if (kind == "smtp") {
    auto decoded = decode_smtp_settings(settings);
    if (!decoded) return decoded.error();
    SmtpOptions options;
    options.host_name = ground.host_name;
    return std::unique_ptr<Provider>(std::make_unique<SmtpProvider>(ground.executor, ground.offload, std::move(*decoded), std::move(options)));
  }
  if (kind == "file") {
    auto decoded = decode_file_settings(settings);
    if (!decoded) return decoded.error();
    return std::unique_ptr<Provider>(std::make_unique<FileProvider>(ground.offload, std::move(*decoded)));
  }
  if (kind == "sendgrid") {
    auto decoded = decode_sendgrid_settings(settings);
    if (!decoded) return decoded.error();
    if (!ground.http) return unavailable("this program was started without a way out over HTTP");
    auto sender = std::make_shared<ClientSender>(*ground.http, "sendgrid");
    return std::unique_ptr<Provider>(std::make_unique<SendgridProvider>(ground.executor, ground.clock, std::move(sender), std::move(*decoded)));
  }
  if (auto known = check_settings(kind, settings); !known) return known.error();
  return unavailable("providers of kind " + std::string(kind) + " are not available in this build");
}

}  // namespace postrider::delivery
