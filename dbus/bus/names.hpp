// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every well-known name on the bus: services, paths, interfaces, errors, polkit actions and option words.
#pragma once

namespace macsec::bus {

inline constexpr const char* service_name = "org.macsecd1";
inline constexpr const char* root_path = "/org/macsecd1";
inline constexpr const char* profile_prefix = "/org/macsecd1/profile";
inline constexpr const char* session_prefix = "/org/macsecd1/session";
inline constexpr const char* no_path = "/";

/// Of macsec-keys, which shows key servers there.
inline constexpr const char* key_sources_name = "org.macsecd1.KeySources";
inline constexpr const char* key_sources_path = "/org/macsecd1/KeySources";

namespace interface {
inline constexpr const char* manager = "org.macsecd1.Manager";
inline constexpr const char* profile = "org.macsecd1.Profile";
inline constexpr const char* session = "org.macsecd1.Session";
inline constexpr const char* supplicant = "org.macsecd1.Supplicant";
inline constexpr const char* authenticator = "org.macsecd1.Authenticator";
inline constexpr const char* key_sources = "org.macsecd1.KeySources";
inline constexpr const char* object_manager = "org.freedesktop.DBus.ObjectManager";
inline constexpr const char* properties = "org.freedesktop.DBus.Properties";
}  // namespace interface

namespace error {
inline constexpr const char* not_authorized = "org.macsecd1.Error.NotAuthorized";
inline constexpr const char* invalid_argument = "org.macsecd1.Error.InvalidArgument";
inline constexpr const char* invalid_settings = "org.macsecd1.Error.InvalidSettings";
inline constexpr const char* no_such_profile = "org.macsecd1.Error.NoSuchProfile";
inline constexpr const char* no_such_session = "org.macsecd1.Error.NoSuchSession";
inline constexpr const char* no_such_link = "org.macsecd1.Error.NoSuchLink";
inline constexpr const char* profile_exists = "org.macsecd1.Error.ProfileExists";
inline constexpr const char* not_owner = "org.macsecd1.Error.NotOwner";
inline constexpr const char* read_only = "org.macsecd1.Error.ReadOnly";
inline constexpr const char* not_key_server = "org.macsecd1.Error.NotKeyServer";
inline constexpr const char* not_secured = "org.macsecd1.Error.NotSecured";
inline constexpr const char* not_supported = "org.macsecd1.Error.NotSupported";
inline constexpr const char* key_exists = "org.macsecd1.Error.KeyExists";
inline constexpr const char* no_such_key = "org.macsecd1.Error.NoSuchKey";
inline constexpr const char* last_key = "org.macsecd1.Error.LastKey";
inline constexpr const char* not_ready = "org.macsecd1.Error.NotReady";
inline constexpr const char* limit_exceeded = "org.macsecd1.Error.LimitExceeded";
inline constexpr const char* failed = "org.macsecd1.Error.Failed";
/// The bus's own, known to every client that can ask for a password.
inline constexpr const char* interactive = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
}  // namespace error

namespace action {
inline constexpr const char* manage = "org.macsecd1.manage";    ///< profiles
inline constexpr const char* control = "org.macsecd1.control";  ///< running sessions
inline constexpr const char* keys = "org.macsecd1.keys";        ///< keys of profiles
}  // namespace action

/// Words of AddProfile's and Update's options.
namespace option {
inline constexpr const char* lifetime = "Lifetime";
inline constexpr const char* grace = "Grace";
inline constexpr const char* source = "Source";
inline constexpr const char* origin = "Origin";
inline constexpr const char* description = "Description";
inline constexpr const char* problems = "Problems";
inline constexpr const char* replace = "Replace";
inline constexpr const char* keep_secrets = "KeepSecrets";
inline constexpr const char* timeout = "Timeout";
inline constexpr const char* force = "Force";
}  // namespace option

inline constexpr const char* bus_service = "org.freedesktop.DBus";
inline constexpr const char* bus_path = "/org/freedesktop/DBus";
inline constexpr const char* polkit_service = "org.freedesktop.PolicyKit1";
inline constexpr const char* polkit_path = "/org/freedesktop/PolicyKit1/Authority";
inline constexpr const char* polkit_interface = "org.freedesktop.PolicyKit1.Authority";

}  // namespace macsec::bus
