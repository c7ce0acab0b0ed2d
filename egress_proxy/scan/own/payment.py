"""Tokens of payment, commerce, travel and delivery."""

from __future__ import annotations

from egress_proxy.scan.tokens import Token

TOKENS = (
    Token("adyen-key", "AQE{a1}{s20}"),
    Token("braintree-token", "access_token$(production|sandbox)${a16}${h32}"),
    Token("checkout-key", "sk_(sbox_){a26}", weak=True),
    Token("duffel-token", "duffel_(test|live)_{w40}"),
    Token("easypost-key", "EZ(A|T)K{A54}"),
    Token("flutterwave-key", "FLW(SECK|PUBK)(_TEST|)-{A32}(-X|)"),
    Token("gocardless-token", "(live|sandbox)_{w40}", weak=True),
    Token("lob-key", "(live|test)_(pub_|){h35}"),
    Token("mercado-pago-token", "(APP_USR|TEST)-{d10-20}-{d6}-{h32}"),
    Token("mollie-key", "(live|test|access)_{A30}", weak=True),
    Token("omise-key", "skey_(test_|){a19}"),
    Token("paddle-key", "pdl_(live|sdbx|ntfset)_{s24}"),
    Token("plaid-token", "(access|link|public)-(sandbox|development|production)-{uuid}"),
    Token("polar-token", "polar_(oat|pat|at|rt|whs|cs|ci)_{w30}"),
    Token("razorpay-key", "rzp_(live|test)_{A14}"),
    Token("shippo-token", "shippo_(live|test)_{h40}"),
    Token("shopify-token", "shp(at|ca|pa|ss|rk|it)_{H32}"),
    Token("square-access-token", "EAAA{w60}"),
    Token("square-access-token", "sq0(atp|csp|idp)-{w22}"),
    Token("stripe-any-key", "((s|r)k_(live|test|org|prod)_|whsec_){b24}"),
    Token("xendit-key", "xnd_(production|development|public_production)_{A30}"),
)
