// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/mka_keys.hpp"
