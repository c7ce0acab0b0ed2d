"""What stands where a secret could and is none, beside the same place with one in it."""

from __future__ import annotations

from egress_proxy.scan.engine import TextScanner
from tests.kit.each import each
from tests.scan.own_texts import HEX, MIXED

HEXES = HEX * 2
POINT = "BD" + (MIXED + MIXED[::-1] + MIXED.swapcase())[:85]  # of a curve, as a browser is given it
ODD = "Qw7Zr2Lk9!"
HINDI = "पासवर्ड"
MESSAGES = """{
 "login": "Anmelden",
 "logout": "Abmelden",
 "yourpassword": "%s",
 "again": "Noch einmal",
 "back": "Zurück"
}"""
LABELS = """$labels['welcome'] = 'Dobrodošli';
$labels['username'] = 'Uporabnik';
$labels['password'] = '%s';
$labels['server'] = 'Strežnik';
$labels['login'] = 'Prijava';
"""
SITE = (MIXED + MIXED[::-1])[3:46]
UUID = "6d6579e5-a5b9-49fc-a35f-b4feb9b87301"
ROWS = [(MIXED + MIXED[::-1] + MIXED.swapcase())[at : at + 64] for at in (3, 5, 7)]
HASHED = "K8UDEMVP1J2F7EG6" + "JEBPS17VP3N8I58H"
BLOB = "iVBORw0KGgoAAAANSUhEUgAA/Qm7pwZr2Lk9KeyXv4Tn8+Bm3Hs6Jd1"

# (what is none, the same place with a secret between marks)
PAIRS = (
    # Names of types, classes, constants, files, errors.
    ("function(password: Uint8Array, salt: Uint8Array)", "function(password: «" + ODD + "», salt: Uint8Array)"),
    ("Secrets::Aes128Gcm { key, iv }", 'secret = "«Aes128Gcm' + MIXED[:4] + '»"'),
    ("'expand_secret_ref': 'V1SecretReference',", "'expand_secret': '«V1Zr2Lk9»',"),
    ('USER_PASSWORD_FORM="shop.accounts.forms.ResetForm"', 'USER_PASSWORD="«shop.accounts.7Zr2Lk»"'),
    ('ExporterMasterSecret => "EXPORTER_SECRET",', 'secret: "«EXPORTER_7ZR2LK»",'),
    ('password_template = "shop/password_required.html"', 'password = "«shop/Qw7Zr2Lk»"'),
    ('INVALID_PASSWORD:"auth/wrong-password",', 'PASSWORD:"«auth/wr7Zr2Lk-pass»",'),
    ('password_last_used = "not_supported"', 'password = "«knot-supper-ted-lagoon»"'),
    ('"passwd": `root:x:0:0::/bin:/bin/false`', '"passwd": `«root:Qw7Zr2Lk»`'),
    ("fn new(suite: &Suite, secret: &hkdf::Prk)", "the secret: «&hkdf7!Prk»"),
    ("createHmac('sha256', secret)", "createHmac('sha256', '«" + ODD + "»')"),
    # Code between strings, code without blanks.
    ('s = append(s, "Secret: "+fmt.Sprint(x)+",")', 's = f("x", secret="«+fmt.Qw7Zr2»")'),
    ('prompt = "%s password: " % become_method', 'password = "«% become_Qw7Zr2»"'),
    ("{endpoint:a,auth:t,p256dh:e}};return o", "{endpoint:a,auth:«" + MIXED[:20] + "»,p256dh:e}};return o"),
    ("{alphaNumToken:58,textNoTagsToken:59,MD_STR:61}", "{alphaNumToken:«" + MIXED[:20] + "»,MD_STR:61}"),
    ('"/v1/signInWithPassword","/v1/accounts:signInWithPhone"', '"signInPassword","«Qw7Zr2Lk:signInWith»"'),
    ("var keys;d3_svg_symbolSqrt3=Math.sqrt(3)", "var key='«" + MIXED + "=»';"),
    ("const salt = (0, index_js_2.toUtf8Bytes)(password)", "const salt = ('«Qw7Zr2Lk9Xv4Tn8Bm3»')"),
    ('RegisterFile("auth.proto", fileDescriptor_8bbd6f3875b0e874)', 'RegisterToken("auth", "«' + HEXES + '»")'),
    ('Username string `protobuf:"bytes,1,opt,name=Username,proto3"`', "Username bob, password «bytes,7Zr2Lk!»"),
    # Names of resources, and what is said of a kind of them.
    ('"AWS::ApiGateway::ApiKey": "' + HEX + '",', '"Gateway.ApiKey": "«' + HEX + '»",'),
    ("arn:aws:secretsmanager:eu:1:secret:Reports-1a2b3c", "secret: «Reports-1a2b3c4d5e»"),
    ('"encryptionKey": "arn:aws:kms:eu:123456789012:alias/aws/s3",', '"encryptionKey": "«' + MIXED + '»",'),
    ("members of the account ``arn:aws:detective:eu:1111:graph:1234``.", "log in to the account bob:«" + ODD + "»"),
    ("--lock-token 447e55ac-2396-4c6d-b9f9-86b67c17f8b5", "--api-token «447e55ac-2396-4c6d-b9f9-86b67c17f8b5»"),
    # Random, and none: ids of a notebook's parts, a public key, pictures.
    ('"layout": "IPY_MODEL_2c67de94f62d4887866d22abca7f6f13",', '"token": "«' + HEXES + '»"'),
    ('push-scope",Ue="' + POINT + '",qe="https"', 'VAPID_KEY = "«' + POINT[44:] + '»"'),
    (BLOB + "\\n" + MIXED + MIXED[::-1] + "\\n", "the KeyXv4Tn8 token " + "«" + MIXED + MIXED[::-1] + "»"),
    ('"shop-1.0.min.js": "' + MIXED + MIXED[::-1] + '",', '"shop-1.0.min": "«' + MIXED + MIXED[::-1] + '»",'),
    # What is said to users, in any language.
    ('"weak-password":"The password must be 6 characters or more."', '"weak-password":"«Qw7Zr2 Lk 9»"'),
    (MESSAGES % "Kennwort Ihres Kontos", MESSAGES % "«Kennwort7Zr2»"),
    (MESSAGES % HINDI, MESSAGES % ("«" + ODD + "»")),
    ('"yourpassword": "' + " ".join([HINDI] * 5) + ' $1"', '"yourpassword": "«' + HINDI + '7!»"'),
    (r"-keypass \uBC0F -new\uB97C", "-keypass «" + ODD + "» -new"),
    # Markup, tickets, hosts.
    ("| [**create_secret**](#secret) | **POST** /api", "| the secret | **«Qw7Zr2Lk»** /api"),
    ("the length of a password (T64685).", "the default password (T64685x!): «" + ODD + "»"),
    ("# pass +Parameters+ to a method", "the password +«" + ODD + "»"),
    ("to log in to scandium/testhost1001", "to log in with scandium/«testhost1001»"),
    # Code: values of variables, operators between strings, types, algorithms, scripts in one line.
    ("    password = null;", "    password = «nu7Zr2Lk»;"),
    ("char[] password = key.getPassword();", "Server=x;password=«key.get7Zr»;"),
    ("assert 'SECRET==' not in censored['backend']", "assert 'SECRET==«notin7Zr2»'"),
    ("""url+"&password="+encode(e.password),x=o):(a=f('<label for="new">'+b""", "password='«+encode7Zr2»'"),
    ("pub type PresharedKeyBinders = VecU16OfPayloadU8;", "the key is «VecU16OfPa7Zr2Lk9Xv»;"),
    ("password_mechanism == 'sshpass'", "ssh_password == '«sshpass7»'"),
    ("password_encryption = 'scram-sha-256'", "password = '«scram-Sha!256»'"),
    (
        'exports="SECRET_DO_NOT"},5438:function(e){"use strict";',
        'exports="SECRET_DO"},5438:function(e){"«use7strict»";',
    ),
    ("s3_secret_access_key = 's3-secret-access-key'", "s3_secret_access_key = '«s3-Qw7Zr2Lk9Xv»'"),
    ("RESET_PASSWORD = '/v1/accounts:resetPassword'", "RESET_PASSWORD = '«/v1Zr2Lk9Xv!»'"),
    ("await confirmPasswordReset('user@example.com', code)", "await confirmPassword('«usr@Qw7Zr2Lk»')"),
    # Parts of an address, of a list of files, of a number, of a drawing.
    ("url = 'redis://username:password@localhost:6379?a=1'", "url = 'redis://username:«p7Zr2Lk»@localhost:6379?a=1'"),
    ("#: templates/account/password_reset/complete.html:3", "account/password «complete7Zr2»"),
    ('"30ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FB" +', '"«AK' + 'IAQ7ZR2LK9XV4TN8BM»" +'),
    ('transform="rotate(5 2670.568 688.345)" d="M0 0h795v794.948H0z"/>', 'token="«0h795k794x948W0z9q»"'),
    # What is said of them.
    ("You can't just pass 'html5', you need an array.", "The password '«html5x9»'"),
    ("the new user or account is registered, and what&#8217;s put", "login with account bob and «what#82!»"),
    ("If the user passes size=42, this is it", "user/pass: bob «size42!x»"),
    ("PEM that starts with 'BEGIN EC PRIVATE KEY') and", "«BEGIN EC PRIVATE KEY') " + MIXED * 2 + "»"),
    # Lines of a key, however short they were made.
    ("The header is 'BEGIN EC PRIVATE KEY' here", "«BEGIN EC PRIVATE KEY' \n" + MIXED[:26] + "\n" + MIXED[:26] + "»"),
    ("'secret':'\\u3299\\ufe0f',", "'secret':'«\\u3299Qw7Zr2»',"),
    ('"disclaimer": "Project:Ovdâsvástádâsrijjâvuotâ",', '"root:«Qw7Zr2Lk9Xv»"'),
    ('"oldpassword": "你嘅密碼最少要有$1個半形字元。"', '"oldpassword": "«密碼Qw7»"'),
    # What stands for a value, or points to something else.
    ("SYSTEMD_ASK_PASSWORD = @SYSTEMD_ASK_PASSWORD@", "SYSTEMD_ASK_PASSWORD = «@systemD7Ask!»"),
    ('password = "@env:AC_PASSWORD"', 'password = "«@env7Zr2Lk»"'),
    ('plain_password = "#{ps_info[:password]}"', 'plain_password = "«#Qw7Zr2Lk»"'),
    ("password: @config.password,", "the password is `«@Qw7Zr2Lk!»`"),
    ("with an empty password (refs: `#31902`_)", "with an empty password (now: `«#31902Qw!»`)"),
    ("# Pass a block to `#send_request` and", "# the password is `«#send7Zr!»` and"),
    ("Set-ItemProperty -Name 'password' -Value $password -WhatIf:$check_mode", "the password «-WhatIf:7Zr2Lk!»"),
    ("$Module.Diff.after.password = 'CHANGED REDACTED'", "$Module.Diff.after.password = '«CHANGED 7Zr2»'"),
    ("resourceInputs['guestPassword'] = state?.smbGuestPassword;", "guestPassword = '«state?.7Zr2Lk»';"),
    ('@fa-var-map-pin: "\\f276";', 'map-pin: "«f276Qw!»";'),
    ("&newpassword=400_BAD_REQ&confirm=1", "&newpassword=«400_Bad7Zr2»&confirm=1"),
    ("xwiki.secret_value=choose_a_secret_key", "xwiki.secret_value=«choose_7Zr2Lk»"),
    ('abuseipdb[abuseipdb_apikey="my-api-key", category=18]', 'abuseipdb_apikey="«my-7Zr2Lk9Xv4Tn8»"'),
    ("ssl_key: /etc/pki/tls/certs/localhost.key", "ssl_key: «" + (MIXED + MIXED[::-1])[:64] + "»"),
    ("    verdaccio-htpasswd: 13.0.0-next-8.29", "    verdaccio-htpasswd: «13.0.0-Qw7Zr2Lk»"),
    ('"User Defined": "Definovan\\u00e9 pou\\u017e\\u00edvate"', '"User password": "«Definovan\\u00e97!»"'),
    ('assertEquals("PASSWORD", "pa\\u00dfword".toUpperCase())', 'assertEquals("PASSWORD", "«pa\\u00df7!word»")'),
    # Addresses, times, ids of sessions.
    ("Failed password for invalid user ROOT from aaaa:bbbb:cccc:1234::1:1 port 5", "the password is «aaaa:bb7Zr2Lk»"),
    ("login attempt for a user from ::ffff:198.51.100.215:60495", "login as bob with password «ff7Zr2Lk!»"),
    ("failed login from hj-145-173-a8.bta.shop.cn [202.108.145.173]", "the login is «hj-145-173-Qw!»"),
    ("(tried to use plaintext auth): rip=190.210.136.21, lip=1.1.1.1", "plaintext auth: «rip190Qw7Zr2Lk9Xv4Tn8»,"),
    ("@400000004c91b044077a9e94 dovecot-auth: pam_unix(d", "auth token: «400000004c91b044077a9e94»"),
    ("auth: sql(bob@example.org,192.0.2.5,<n4JLdHNVngZGpV2j>)", "auth token: <«n4JLdHNVngZGpV2j»>"),
    ("SASL LOGIN authentication failed: UGFzc3dvcmQ6", "the login is «UGFzc3dvcmQ7»"),
    ("values ('10418','user authenticate method','" + HEX * 2 + "')", "'user authenticate token','«" + HEX * 2 + "»'"),
    # Public by the name before it.
    ("Version=1.0, PublicKeyToken=31bf3856ad364e35')", "Version=1.0, KeyToken=«31bf3856ad364e35»')"),
    ('"clientRequestToken": "' + UUID + '",', '"clientToken": "«' + UUID + '»",'),
    ('"alias/aws/secretsmanager": "' + UUID + '",', '"alias_secretsmanager_key": "«' + UUID + '»",'),
    # A row of base64 in a comment, and a text of which a part is seen.
    ("# " + "\n# ".join(ROWS), "# the key: «" + ROWS[0][:40] + "»\n# " + ROWS[1]),
    ("*W*Vtb3J5IGNvbnRlbnRzLCBhbmQ*dX*", "*W*«" + MIXED[:25] + "»*dX*"),
    # Patterns of a shell, what it completes, an object taken apart, a template's end.
    ("  mingw* | windows* | pw32* | cegcc* | solaris2*)", "| user | pw | «cegcc7Zr!» |"),
    ("  *-*-mingw* | *-*-pw32* | *-*-os2* | *-cegcc*)", "| **pw** | «os2-7Zr!» |"),
    ('complete -c mvn -a "axistools:java2wsdl" -d "text"', 'connect -c mvn -a "axistools:«java2Qw7Zr»" -d "text"'),
    ("var{withCredentials:s=!1}=i,e=(this.src=e)", "var{withCredentials:'«s1Qw7Zr2Lk9Xv»'}=i"),
    ("this.u=L(o),this.withCredentials=s,this.addDateRanges=t,u=1", "u,withPassword=«Qw7Zr2»,addDateRanges=t,u=1"),
    ("this.o.withCredentials=this.o.withCredentials||!1,x", "this.o.withCredentials='«this.7Zr2Lk9X»'||!1,x"),
    ("``<http-proxy-user-pass>`` .. ``</http-proxy-user-pass>``", "<http-proxy-pass>«Qw7Zr2»</http-proxy-pass>"),
    ("strcpy(ctx->up.password, now0key0);", "the same password, «now0key0», for both"),
    ("postfix --reject_reply_pat '421 4.. 5.. Warn'", "postfix --reply_pat '«Qw7Zr2Lk9Xv»'"),
    # Sentences.
    ("templates](https://shop.example/docs/).  The `$labels`", "https://shop.example/docs/ bob «Qw7Zr2Lk!»"),
    ("of https://shop.example/bob/salt into BobSmith-patch-#26995", "https://shop.example/bob salt «BobSmith-#26995»"),
    ("Ignore error values when listing SNMP community strings", "snmp-server community «stringsQ7»"),
    ("see https://forum.example/t/0-76-0-i18n-gone-wrong/28", "https://forum.example/t/«0-76-0-" + MIXED[:16] + "»/28"),
    (
        "starts with BEGIN CERTIFICATE and not BEGIN PRIVATE KEY\n\nWrite it down",
        "«BEGIN PRIVATE KEY\n\n" + ROWS[0] + "»",
    ),
    ("Assign a key policy, enable **automatic key rotation**, and", "the **admin password «rotation7**»"),
    ("Sign-in risk: set to Yes, select Medium and High\\n6. Grant", "login bob and «High7Zr\\n6»"),
    ("  PASS   FAIL  ?PASS   ?FAIL   UNSUP", "  password   «?FAIL7»   UNSUP"),
    # Labels as PHP has them, with a slash, in a change.
    (LABELS % "Geslo", LABELS % "«Geslo7Zr2»"),
    (MESSAGES % "Näytä/Piilota salasanat", MESSAGES % "«Näytä/P7Zr2»"),
    (MESSAGES.replace("\n ", "\n+ ") % "Senha atual", MESSAGES % "«Senha7Zr2»"),
    ('"oldpassword": "有 $nr 個符合的私鑰儲存於 Mailvelope 鑰匙圈："', '"oldpassword": "«有 $nr 7Zr2Lk»"'),
    # More of these: constants, members, files, ciphers, placeholders.
    ("reg_addr = START + (pin - MAX6956_MIN) / 4;", "the pin - «max6956Q!» - opens it"),
    ("  const password = credentials.password;", "Server=x;password=«credentials.7Zr»;"),
    ("  password = NULL;", "  password = «NULL7Zr2»;"),
    ("	CertAlgoECDSA256v01:   KeyAlgoECDSA256,", "	CertKey:   «CertAlgoECDSA256v01" + MIXED[:6] + "»,"),
    ("ssl_cipher_list = ALL:!DES:!PSK:!RC4:!ADH:!LOW@STRENGTH", "PSK: «!RC47:Zr2Lk9!»"),
    ("octopush://USERLOGIN:API_KEY@default?from=FROM", "octopush://USERLOGIN:«API7KEY»@default?from=FROM"),
    ("--auth-parameters USERNAME=bob,PASSWORD=[Password] --user", "USERNAME=bob,PASSWORD=«[Passw7Zr2» --user"),
    ("* @Context({ DateTimeNormalizer::FORMAT_KEY = \\DateTime::RFC3339 })", "the key = «\\DateTime7Zr2Lk9Xv»"),
    ("'kubernetes_secret', 'kubernetes_secret_v1',", "'kubernetes_secret': 'kubernetes_«Qw7Zr2Lk9Xv»'"),
    ('SECRET_YAML = "secrets.yaml"', 'SECRET_YAML = "«secrets7.yaml!»"'),
    ("url_password = edit.php?table=adminpassword", "url_password = «edit7Zr2?table»"),
    (":old_secret => 'also_change_me'", ":old_secret => '«also_7Zr2Lk»'"),
    ('hashed_password = User.hash_password("#{salt}#{user.name}")', 'hash_password("«#{salt7Zr2!»")'),
    ("    password_parameter: 'user_login[password]'", "    password: '«user_7Zr2[word»'"),
    ("MULTILINE: 0x0001000,\\n  PASSWORD:  0x0002000,\\n  X", "PASSWORD:  «0x2Zr7Lk!»"),
    ("mysql_threads connected:GAUGE:0:U, cached:GAUGE:0:U, created:COUNTER:0:U", "password: «GAUGE:0:Qw7!»"),
    ("u.login = 'newuser1'", "u.password = '«newuser1»'"),
    ("password_hashers:\n    JMS\\FooBundle\\Entity\\User7:", "password:\n    «JMS7Zr2Lk9Xv!»"),
    # Public ones: keys in hexadecimal, digests, of sites and requests.
    ("Key = 3082010a0282010100" + HEXES, "Key = «3082025d02010002818100" + HEXES + "»"),
    (
        'const expiringKeyHex = "988d0451d1ec5d010400' + HEXES + '"',
        'const privKeyHex = "«9501fe044cc349a8010400' + HEXES + '»"',
    ),
    (
        '"google-site-verification" content="' + SITE + '">',
        '"google" content="«' + SITE + '»">',
    ),
    ("js-tokens/-/js-tokens-4.0.0.tgz#" + (HEX * 3)[:40] + '"', "the token: «" + (HEX * 3)[:40] + "»"),
    ("prefect/workers/utilities.py,sha256=-re" + "_" + MIXED + ",2633", "the key -«re" + "_" + MIXED + "»,2633"),
    ("--lifecycle-action-token " + UUID, "--lifecycle-token «" + UUID + "»"),
    ('String boundary = "' + MIXED + '";', 'String salt = "«' + MIXED + '»";'),
    # Code without blanks, patterns of a shell between stars.
    ('i.type=this.data.password?"password":"text"', 'i.type={"password":"«text»"'),
    ('k.password(d.type,C="nocontent":304===t?C="notmodified":(C=b))', 'k.password(d.type,"«304===7Zr2!»")'),
    ("var LAt=p1.idSort,PAt=p1.isLinked;zr.id2name=p1.id2name", "var LAt=p1.idSort,PAt=«p17Zr2Lk9Xv4T»;zr.id2=p1"),
    ("    *cygwin* | *mingw* | *pw32* | *cegcc* | *os2*)", "| pw | «cegcc7Zr!» |"),
    # Texts with what is filled in, and what stands between two strings.
    ('  mail_subject_lost_password: "Your %{value} password"', '  mail_password: "«Your7 %{value}Qw»"'),
    ('  label_password_char_class_uppercase: "lettres majuscules"', '  label_password: "«lettres7 Zr2»"'),
    ("\\&'password:' prompt at boot time. Be warned! See 'lilo.conf'", "'password:' '«prompt7Zr2»'"),
    # Still more: of shells, formatters, windows, clouds, bundlers.
    ("	pass=`  grep '^x:PASS'  $results | wc -l`; \\", "pass=`«grep7Zr2Lk»`; \\"),
    ('	  result_count $1 "PASS: "  $$pass   "$$grn"; \\', '"PASS": "«$$pass7 Zr2»"'),
    ('	SECRETS="$SECRETS --secret id=coverity-token,env=SCAN_TOKEN"', '	SECRETS="«$7Zr2Lk!»"'),
    ('slog_info(client, "login attempt: db=%s user=%s tls=no",', 'slog_info("the login is «db=Qw7Zr»"'),
    ('msgid "        PASS    Default%s"', 'msgid "the password is «Default7s!»"'),
    (r'.IP "\-\-smtp\-password=\fR\fI\s-1PASSWORT\s0\fR" 4', r'.IP "\-\-smtp\-password=«fRs-1Qw7Zr»" 4'),
    ('strcmp(token, "protocol=2.5") == 0', 'strcmp(token, "«protocol=Qw7Zr!»") == 0'),
    ("get_password_type(passwd) == PASSWORD_TYPE_SCRAM_SHA_256)", "passwd == '«SCRAM_SHA_7Zr2Lk»')"),
    ("t_f5	t_k5	<F5>		function key 5			*t_f5*", "ntp authentication-key 5 md5 «*t7Zr2Lk*»"),
    ("Authentication (for example: `+/msg nickserv identify password+`).", "/msg nickserv identify «password7+»"),
    ("contenant le mot de passe chiffr&eacute;. Les", "le mot de passe: «chiffr&7Zr2»"),
    ("env: { account: '123456789012', region: 'us-east-1' },", "login: { account: '1', password: '«us-east-7Zr»' },"),
    ("this._s3KmsKeyArn=props.s3KmsKeyArn,this._topic=props.t", "this._key='«" + MIXED[:20] + "»',this"),
    ("isValueSecret:!1}}}}static fromSecret(value){", "isValueSecret:'«!1Qw7Zr2Lk9Xv»'}}}}static"),
    ("Base.colors = {\\n  pass: 90,\\n  fail: 31,", "Base.colors = {\\n  pass: «90Qw7Zr!»,\\n  fail: 31,"),
    ("mySecret: 'secret-value',", "mySecret: '«secret-7Zr2Lk»',"),
    ('d="M0 0M32 176h80v32H32zM67.624 90.25z"', 'd="M0 0M32 «' + MIXED[:20] + '» 90.25z"'),
    ('"arn:*:secretsmanager:*:*:secret:datasync!*"', '"secret:«datasync7Zr!»"'),
    ("# NONE:+ECDHE-PSK:+PSK:+AES-128-GCM:+AEAD:+SHA256:+COMP-NULL", "PSK: «+PSK7:Zr2Lk9!»"),
    ("request.withCredentials = !!_config.withCredentials;", "request.password = '«!!_config7Zr2Lk!»';"),
    ("username =&#62; 'bob', password =&#62; 'bob');", "password=«&#62Qw7Zr2»;"),
    (r"$lang['resendpwdmissing'] = 'Heu d\'emplenar tots els camps.';", r"$lang['pwd'] = '«Heu7 d\'Qw!»';"),
    # Rows of data: locks, zones, indexes, cells, lists of parts, what a diff adds of a certificate.
    (
        "https://conda.example/t/<TOKEN>/main/linux-64/zlib-1.3.conda#" + HEXES,
        "https://conda.example/t/<TOKEN>/main; the token: «" + HEXES + "»",
    ),
    ("shop.example. NSEC3 1 1 12 aabbccdd " + HASHED + " NS SOA KEY", "the key: «" + HASHED + "»"),
    ("shop.example. RRSIG SOA 8 2 432 2014 2013 12051 example. " + MIXED + " KEY", "the key is «" + MIXED + "»"),
    ("  KEY `FKE4364A9EBC366E50` (`ACCOUNT_KEY_ID`),", "  the key `«FKE4364A9EBC366E50x9»` of the account"),
    (
        "INSERT INTO `fields` VALUES (4,'" + HEXES + "',1,'SNMP Password','snmp');",
        "INSERT INTO tokens VALUES ('«" + HEXES + "»')",
    ),
    ("   Serial number                      :  3QN26HL400009009KZ0Q", "   Token number      :  «3QN26HL400009009KZ0Q»"),
    ('+\t"' + ROWS[0] + '\\n"', 'token = "«' + ROWS[0] + '»"'),
    (
        '"image/png": "' + BLOB + BLOB + "\\n" + MIXED + MIXED[::-1] + "\\nPwHR" + BLOB[::-1],
        "Pw: «" + MIXED + MIXED[::-1] + "»",
    ),
    (
        "image: x.example/webhook-certgen:v20220916-gd32f8c343@sha256:" + HEXES,
        "webhook secret: «v20220916-gd32f8c343Zr2Lk»",
    ),
    ("private prefix token (_Z11mysql_parseP3THDPKcjPS2_+0x1dc)[0x5a07bc]", "the token is «" + MIXED[:20] + "»"),
    ("pkcs11_key_DEPENDENCIES = libpkcs11mock2.la libutils.la", "pkcs11_key = «libpkcs7Zr2Lk9.Xv4Tn8»"),
    ("call mangle(private_prefix %+ _warp_affine_8x8_16bpc_avx512icl).main", "private_key = «" + MIXED[:20] + "»"),
    ("local token_re = [[/\\b[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{14,}/]]", "token = «qpzry9x8gf2tvdw0s3jn54khce6mua7l»"),
    (r"kann ohne Passwort m\u00f6glicherweise nicht", "Passwort: «" + ODD + "»"),
    ("old_passwords\tOFF\nport\t3306\nrand_seed1\t\n", "password\tport\n«rand7Zr2Lk!»\t3306\n"),
    # Algorithms, functions, expressions.
    ("publicKey.encrypt(bytes, 'RSAES-PKCS1-V1_5');", "publicKey.encrypt(bytes, '«RSA7Zr-Lk9Xv!4»');"),
    ('if(password){switch(o){case"aes192-CBC":l=24', 'if(password=="«aes192!Qw7Zr»"){'),
    (
        "var password;" + " " * 400 + '["toIPv4OrNull","toIPv4OrZero"]',
        'var password = f(["toIPv4OrNull","«toIPv4OrZero»"])',
    ),
    ('var pwd;variableTypes:[{regex:"@@?[A-Za-z0-9_.$]+"},{quote:"x"', 'var pwd=["«@Za-Qw7Zr2!Lk»"'),
    ('"$HEADERS_VAR:Cookie" "str:/etc/passwd" "s:$TRAVERSAL:4" id:1202;', 'password("«s:$TRAVERSAL:4»")'),
    (
        "(e.bytes(),t.pre_master_secret=null),n=t.server_random+t.client_random;var i=2",
        "t.pre_master_secret=«nu7Zr2Lk9Xv4Tn8»),n=t.server_random+t.client_random;",
    ),
    (
        (
            '"ENCRYPTED PRIVATE KEY"===a.type?s.decryptPrivateKeyInfo(i.fromDer(r),t):i.fromDer(r))'
            "&&(r=s.privateKeyFromAsn1(r)),r},s.pbe.generatePkcs12Key=function(e,t,r)"
        ),
        'PRIVATE_KEY="«' + MIXED + '»"',
    ),
    ('"SYSTEM$SHOW_CLIENT_SECRETS","SYSTEM$STREAM_GET_TABLE"', '"CLIENT_SECRET","«SYSTEM$7Zr2Lk9»"'),
    ('"object ":"clsid:D27CDB6E-AE6D-11cf-96B8-444553540000"', '--user "object:«D27CDB6E-Ae6d!Qw»"'),
    ("			key:   SVCB_IPV4HINT,", "			key:   «SVCB_7Zr2Lk9Xv4Tn8»,"),
    # What stands for a value.
    ("$SMBCLIENT -U$USERNAME%$PASSWORD //$SERVER/worm -I$IP", "-U$USERNAME%$PASSWORD the password is «//7Zr2/Lk9!»"),
    ("pt --user=$mysql-user --password=$mysql-pass", "pt --user=$mysql-user --password=«$mysql7-Pass!»"),
    ("exec('mysqldump -u' . $name . ' -p' . $password . ' ' . $db);", "exec('mysqldump -u bob -p«Qw7Zr2Lk!»');"),
    ("mysql+pymysql://keystone:KEYSTONE_DBPASS@controller/keystone", "mysql://keystone:«Keystone7Zr»@controller/k"),
    ("// an offset `key = 1979-05-27T07:32:00Z` and", "// the key = «1979Qw7Zr2Lk9Xv4»"),
    ("Token=static:::1a:2b:3c:4d", "Token=«static7Zr2Lk9Xv4Tn8»"),
    (
        "* The key padding scheme has been changed to `http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p`.",
        "* The key is `«http7#Zr2Lk9Xv4»`.",
    ),
    ("input: Keyboard [Key Tronic Keyboard] on usb-0000:00:1d.0-2", "the password on usb is «usb-0000!Zr2»"),
    (r"'Invalid username or password entered\.$'", r"'The password is «entered7\.$Qw»'"),
    (
        "const defaultStorageKey = `sb-${baseUrl.hostname.split('.')[0]}-auth-token`",
        "const defaultStorageKey = `«sb-" + MIXED[:20] + "»`",
    ),
    (
        "kind: Secret\ndata:\n  PASSWORD: ?{gpg:targets/shop/mysql/password:ec3d54de}",
        "kind: Secret\ndata:\n  PASSWORD: «UXc3WnIyTGs5IQ==»",
    ),
    ('azurespsecret: {{ default "MISSING" .Values.azurespsecret | b64enc | quote }}', 'azurespsecret: "«b64enc7Zr2»"'),
    ("  # password:\n  #db_name:", "  # the password:\n  «#dbQw7Zr2!»"),
    ("'mysql_native_password','*THISISNOTAVALIDPASSWORDTHATCANBEUSEDHERE','N'", "'password','«*THISIS7Zr2Lk»'"),
    ("  --report-password=name", "  --report-password=«nam7Zr2»"),
    ('-d \'{ "user": {"password": "\'$NEW_PASS\'"} }\'', '-d \'{ "user": {"password": "«$Ne7Zr2!»"} }\''),
    ('"token=this%20is%20a%20very%20long%20label"', '"token=«' + MIXED[:20] + '%20»"'),
    # Files, links, communities.
    ("--passphrase:\n\\fI/etc/shop/access7\\&.conf\\fR", "There is a password:\n«/etc7Zr2!Lk»"),
    ('<a href="ch04.html#_good_password">4.3. Good password</a>', '<a name="_good_password">«4.3Zr2Lk»</a>'),
    ("New devices have an empty SNMP community field", "snmp community «fieldhouse»"),
    ('"A5 Building Zhiyuan Community No.1001,Xueyuan Road"', "the community is «No.1001Zr2»"),
    # Pages of documentation, pictures in pieces, glyphs in pairs.
    ('key <a class="el" href="dir_8d855866ba5d436d839c7fc557836cd9.html">', 'key <a name="token=«' + HEXES + '»">'),
    (BLOB + BLOB + " " + ROWS[1] + " " + BLOB + BLOB, BLOB[:30] + ", " + "«" + ROWS[1] + "», " + BLOB[:30]),
    ("kerning of key {ck{4qt5ks5ot5qy5rw17sv5tv}4l{4qt5ks5ot5", "the key is «4qt5ks5ot5qy5rw17sv5tvQ»"),
    ("    private $prefixLengthsPsr4 = array();", "    private $key = '«" + MIXED[:20] + "»';"),
    # Variables of Perl, Lua and PHP, classes, types, and what a database calls a column.
    (r"        'Password' => \%Password_of,", r"        'Password' => '«\%Pass7-Zr2!»',"),
    (
        "        'Password' => 'SOAP::WSDL::XSD::Typelib::Builtin::string',",
        "        'Password' => '«SOAP::Wsdl7Zr2!»',",
    ),
    ('      .. "<password>" .. password .. "</password>"', "<password>«passw7Zr2»</password>"),
    ("            . \"'  password:'\".$PASSWORD", "            password:'«.$Pw7Zr2!»'"),
    ("alter table feeds add column auth_pass varchar(250);", "auth_pass «varchar7Zr»"),
    ("    return keyring.get_password('openstacksdk', cache_id)", "SET PASSWORD = PASSWORD('«openstacksdk»');"),
    ("        $key = preg_replace('/[^A-Za-z0-9_\\-.+]/', '_', $key);", "        $key = '«" + MIXED + "»';"),
    ('OKTA_PASSWORD="okta_password",n.OKTA="x"', 'OKTA_PASSWORD="«okta7_password»",n.OKTA="x"'),
    ('PASSWORD_RECOVERY="recover-password"', 'RECOVERY_PASSWORD="«recover-7Zr2Lk»"'),
    ("const DB_KEY = 'DPoPKeys';", "const DB_KEY = '«DPoP7Zr2Lk9Xv»';"),
    ("decrypt(x); await import('@openpgp/tweetnacl');", "decrypt(x, '«@openpgp/Tweet7Zr2!»');"),
    # Files, places to fill in, numbers, words that are no users.
    ("    www-data ALL=NOPASSWD: /sbin/shutdown~~", "    www-data PASSWD: «/sbin!7Zr2Lk»"),
    ('  Password = "XXX_FDPASSWORD_XXX"', '  Password = "«XXX_FD7Zr2Lk_X»"'),
    ("format \\fBs3fs://ACCESS_KEY_ID:SECRET_ACCESS_KEY@s3.example/b", "s3fs://id:«Secret_ACC7»@s3.example/b"),
    ("Return GPG_ERR_BAD_PIN on 0x63Cn status word.", "the PIN is «0x63Cn!7Zr»"),
    ("(send_request): Pass HTTP_FLAG_IGNORE_IPv4 if set", "the password: «HTTP_FLAG7_IPv4!»"),
    ('stdnse.debug1("drda.Helper.login: ERROR: DB2Socket error', "login: bob / «DB2Socket!»"),
    ("the login prompt are always output with 7\\-bit characters", "login with bob and «7\\-bit!Qw»"),
    ("password is printed!>", "password root «printed!>»"),
    ("  * debian/patches/CVE-2024-7264*: import", "  * debian/«Patches7Zr2!*»"),
    ('openssl.encrypt("DES", key1, nil, "KGS!@#$%")', 'openssl.encrypt("DES", key1, nil, "«KGS!@#$7%»")'),
    ('if cipher:match("^TLS_ECCPWD_") then', 'if password:match("«^TLS_7Zr2Lk!»") then'),
    ("- You must now pass &quot;-&quot; on the command line", "the password is «&quot7-Zr!»"),
    # Of configurations, manuals and rules.
    ("#define UPDATE_AUTH_PASS\t__UINT64_C(0x00000020)", "setenv AUTH_PASS «__UInt64_7Zr!»"),
    ("'change_bind_password' =>\t\t'in 0,1',", "'change_bind_password' =>\t\t'«in 0,7Zr»',"),
    ("          key: aws.s3.bucket_size_bytes", "          password: «aws.s3.bucket_7Zr2!»"),
    ("('Checksum of /etc/passwd','vfs.file.cksum[/etc/passwd,sha256]','15m')", "password = '«vfs[7Zr2Lk!]»'"),
    ("If you don't pass an argument to `@tracked`, only", "The password is `«@tracked7»`, only"),
    ("const { username, password } = this.#credentials || {", "password = '«this7#Zr2Lk»'"),
    ("pool.example: \\fBmachine password timeout = 604800\\fR", "the password is «604800Qw!fR»"),
    ("core macros never pass \\s-1NULL\\s0 to these", "the password is «s-1Null!7Zr» to these"),
    ("server1:5432:replication:repl:&lt;replpassword1&gt;", "server1:5432:replication:repl:«lt7Zr2Lk»"),
    ("imap://user:password@mail.example.com/INBOX?NEW", "imap://user:«passw7Zr2»@mail.example.com/INBOX?NEW"),
    ("0.489 0.7212 0.999  3.80  SANE_d0d2b0f6373bf912" + "53d66dd74c594b87", "0.489 the token: «SANE_" + HEXES + "»"),
    ("{$SNMP_COMMUNITY} |<p>SNMP community allowed by ACL", "snmp community «allowance»"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\n[encoded key]\n-----END RSA PRIVATE KEY-----",
        "«-----BEGIN RSA PRIVATE KEY-----\n" + MIXED + "\n-----END RSA PRIVATE KEY-----»",
    ),
    # What programs print, roles and members, standard names, ids of keys, left out and filled in.
    ('msgid "Password Expires:\\t%s\\n"', 'msgid "Password «Expires7:\\t%s\\n»"'),
    ('msgstr "Wachtwoord  verloopt:\\t%s\\n"', "the password  «verl7pt!»"),
    ('[b"UNKNOWN\\r\\n", b"VALUE key 0 5\\r\\nvalue\\r\\nEND\\r\\n"]', "key 0 «5x7Zr2Lk»"),
    ("An account can later be used in :func:`~acquire_token_silent`", "login with account bob and «~acquire7Zr2»"),
    ("req.withCredentials = !!options?.withCredentials;", "req.password = '«!!options?.7Zr2»';"),
    ('static const char mapped_password[] = "userPassword";', 'static const char mapped_password[] = "«userPa7word»";'),
    (
        'assert_ok(locate_key(ffi, "keyid", "950EE0CD34613' + 'DBA", &sub));',
        'locate(ffi, "apikey", "«' + HEXES + '»");',
    ),
    (
        'check_key_status(x, 0, "new", "none", "' + HEXES[:40] + '")',
        'check("new", "the secret", "«' + HEXES[:40] + '»")',
    ),
    (
        'check(jsosig, "new", "unknown key", "' + HEXES[:40] + '"));',
        'check(x, "new", "api key", "«' + HEXES[:40] + '»"));',
    ),
    (
        "the message will be signed with key _0x44616E6965" + "6C2057_.",
        "the message, sent with the token «" + HEXES + "».",
    ),
    ('self.assertContains(r, "m_' + HEXES[:32] + '")', 'self.assertContains(r, "token", "«m_' + HEXES[:32] + '»")'),
    ("along the last dimension, pass axis=-1; to glue", "the pass is «axis-17Zr!»; to glue"),
    ("the forward pass (reshape+sum @ miss) is already", "the root password (reshape): «reshape+7um»"),
    ('resend.api_key = "re_yourkey"', 'resend.api_key = "«re_7Zr2Lk9Xv4Tn8»"'),
    (
        "private_key\\(dq: \\(dq...\\-\\-\\-\\-\\-BEGIN PRIVATE KEY\\-\\-\\-\\-\\-...\\(dq, and more",
        "«-----BEGIN PRIVATE KEY-----..." + '"' + ROWS[0] + "»",
    ),
    ('                 "aW5nIGVsaXRyLCBzZWQgZGlhbSBub251bXkg' + 'ZWlybW9kIHRl\\n" +', 'token = "«' + MIXED + '»\\n" +'),
    (
        '"world": 0, "tx073f7cbb850c4c99934b9": 0, "auth_cfb8d9d45212408b90bc0776117aec9": [0, 85], "v": 92',
        '"world": 0, "token": "«tx073f7cbb850c4c99934b9»", "v": 92',
    ),
    # Structures, macros, packages, resources, what is told of keys, and what only sounds like a statement.
    ("skey.alg = pass->s2k_cipher;", "skey.pass->«s2k_7Cipher!»;"),
    ("# define crack_pw METHOD1_crack_pw", "# define crack_pw «METHOD1_cr7Zr2»"),
    ("key:                   pipes-4.3.16-3cSwxd3dHnNHEQ9" + "rd5N4hJ", "key: «" + MIXED + "»"),
    ('CYPHER_PASSWORD = "META-INF/shop-password";', 'CYPHER_PASSWORD = "«META-Qw7/shop»";'),
    ('"keystore", "keystorePassword", "useSslClientAuthentication!",', '"keystorePassword", "«useSsl7Zr2Lk9!»",'),
    ("        password =  pPassword ;", "Server=x; password = «pPa7word»;"),
    ("number program identified by 'sequence' and  generating", "create user bob identified by '«sequences»';"),
    ('key = get_key_by_grip(store, "' + HEXES[:40] + '"));', 'get_secret_key(store, "«' + HEXES[:40] + '»"));'),
    (
        'assert_true(test_cli_key_sign("c8a10a7d7' + '8273e10"));',
        'assert_true(test_api_key("«c8a10a7d7' + '8273e10»"));',
    ),
    (
        '                 "0z2ni2qn2np1walcaqlxz8sinzb' + '78d4hiq9glddzf26wxc226hs4"))))',
        'the token "«0z2ni2qn2np1walcaqlxz8sinzb' + '78d4hiq9glddzf26wxc226hs4»"))))',
    ),
    (
        "r'-----BEGIN PGP PRIVATE KEY BLOCK-----.*' \\\n        r'-----END PGP PRIVATE KEY BLOCK-----.*$'",
        "«-----BEGIN PGP PRIVATE KEY BLOCK-----\n" + MIXED + "\n-----END PGP PRIVATE KEY BLOCK-----»",
    ),
    (
        "run(RNPK, ['--homedir', DIR, '--remove-key', '7bc6709b" + "15c23a4a'])",
        "run(RNPK, ['--api-key', '«7bc6709b" + "15c23a4a»'])",
    ),
    ('msgstr "Neaktivna lozinka:\\t%s\\n"', 'msgstr "lozinka: «Qw7\\Zr2!»"'),
    # Files, labels in other languages, what is filled in, and what is asked of a server.
    ('<script src="_static/book-theme.12a9622fbb08dcb3' + 'a2a40b2c02b83a57.js">', '<script token="«' + HEXES + '»">'),
    ("[('inc-aad7bbea25dc61c8" + "e53d929c7ec50bed', 'released')]", "[token: '«inc-" + HEXES + "»']"),
    (
        "    type_hints = get_type_hints(_typecheckingstub__" + HEXES[3:] + HEXES + ")",
        "the token: «stub_" + HEXES * 2 + "»",
    ),
    ("[HEVC_Encoder_HW_6fadc791a0c2eb47" + "9ab6dcd5ea9da347]", "the token [«HW_" + MIXED + "»]"),
    ("load_ecdsa_private_key('ec_secp384r1_key.pem')", "load_private_key('«ec_Secp7Zr2!»')"),
    ('   SHOP_API_KEY: "test-api-key",', '   SHOP_API_KEY: "«' + MIXED + '»",'),
    ('DEEPL_AUTH_KEY="FAKE",', 'DEEPL_AUTH_KEY="«FA7Zr2Lk9Xv4»",'),
    ("client_id => 'xxxx', client_secret => 'yyyy', scopes", "client_secret => '«yyyy7Zr2»', scopes"),
    ('    "Password":"Contrasenya",', '    "Password":"«Contrasenya7»",'),
    ("   ntlm auth = mschapv2-and-ntlmv2-only", "   ntlm password = «mschap-Qw7Zr2!»"),
    ('take it into account for "Expect: 100-Continue" (x)', "account bob / «100-Cont!»"),
    ("allow empty passwords on PKCS#12 import", "the password on it is «PKCS#12!x» for import"),
    ("isSecret: !existingVar.isSecret && incoming", "secret: «!existing7Zr!»"),
    ("if you pass <code>knowledgeGraph=1</code> in a", "the password <code>«knowledge7!»</code> in a"),
    ('URL_LOGIN = "/login_sid.lua?version=2"', 'LOGIN = "«login_Sid!7Zr2»"'),
    ('_SERVICE_KEY = "__shop_built_in_service__"', '_SERVICE_KEY = "«' + MIXED + '»"'),
    ("clientCredentials=OAuthFlowClientCredentials(", "clientCredentials=«OAuth7Zr2Lk9!»"),
    ('echo "# Uncomment the next two lines to only allow" >> /etc/auth', 'echo "«Uncomment7!»" >> /etc/auth'),
    (
        'key="-----BEGIN PRIVATE KEY-----\\nXXXX\\nXXXX\\n-----END PRIVATE KEY-----"',
        'key="«-----BEGIN PRIVATE KEY-----\\nXXXX\\nMIIE\\n-----END PRIVATE KEY-----»"',
    ),
    ('send "PS1=$prompt\\r"  # the password', 'send "«PS1$7Zr2!»\\r"  # the password'),
    ('$message_pass   = "Generierte Passw&ouml;rter";', '$message_pass   = "«Generierte7&ouml;»";'),
)


@each("pair", PAIRS, ids=lambda pair: pair[0])
def test_a_secret_is_found_where_what_is_none_is_left_alone(scanner: TextScanner, pair: tuple[str, str]) -> None:
    benign, marked = pair
    found = scanner.scan([benign])
    assert not {benign[item.start : item.end] for item in found.findings}
    assert not found.undecided
    before, _, rest = marked.partition("«")
    secret, _, after = rest.partition("»")
    text = before + secret + after
    covered = {place for item in scanner.scan([text]).findings for place in range(item.start, item.end)}
    assert covered >= set(range(len(before), len(before) + len(secret))), marked
